"""Prints the records of record.test.ts as tensorboard writes them: `pip install tensorboard`, then run this."""

import io

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def record(event: Event) -> str:
    file = io.BytesIO()
    file.close = lambda: None
    RecordWriter(file).write(event.SerializeToString())
    return file.getvalue().hex()


values = [Summary.Value(tag="train/loss", simple_value=2.5), Summary.Value(tag="train/learning_rate", simple_value=1e-3)]
print(record(Event(wall_time=1_700_000_000.5, file_version="brain.Event:2")))
print(record(Event(wall_time=1_700_000_001.25, step=300, summary=Summary(value=values))))
