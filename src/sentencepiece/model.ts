import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { TokenizerError } from "../errors.ts";

/** An entry of a SentencePiece vocabulary; its id is its place. */
export interface Piece {
  readonly text: string;
  /** Logarithm of its probability. */
  readonly score: number;
  readonly kind: PieceKind;
}

/** The kinds of entries, by their numbers in the file. */
const KINDS = { 1: "normal", 2: "unknown", 3: "control", 4: "user-defined", 5: "unused", 6: "byte" } as const;

/** A kind of entry: text, or a token that no text is split into. */
export type PieceKind = (typeof KINDS)[keyof typeof KINDS];

/** A SentencePiece model, as far as tokenizers are built from it. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  readonly type: "unigram" | "bpe" | "word" | "char";
  /** The id of what is not in the vocabulary. */
  readonly unkId: number;
}

const TYPES = { 1: "unigram", 2: "bpe", 3: "word", 4: "char" } as const;

/**
 * Reads a SentencePiece model.
 * @param where The file's path, for messages.
 * @throws {TokenizerError} when the bytes are no such model.
 * @see google/sentencepiece, src/sentencepiece_model.proto: `ModelProto { repeated SentencePiece pieces = 1; TrainerSpec
 *   trainer_spec = 2; }`; fields that are not read here are skipped.
 */
export function readSentencePiece(bytes: Uint8Array, where: string): SentencePieceModel {
  const pieces: Piece[] = [];
  let trainer: Pick<SentencePieceModel, "type" | "unkId"> = { type: "unigram", unkId: 0 };
  try {
    eachField(new BinaryReader(bytes), {
      1: (reader) => void pieces.push(readPiece(message(reader))),
      2: (reader) => {
        trainer = readTrainer(message(reader));
      },
    });
  } catch (cause) {
    throw new TokenizerError("the file is not a SentencePiece model", { where, cause });
  }
  if (pieces.length > 0) return { pieces, ...trainer };
  throw new TokenizerError("the file is a SentencePiece model without pieces", { where });
}

/** `SentencePiece { string piece = 1; float score = 2; Type type = 3; }` */
function readPiece(reader: BinaryReader): Piece {
  let [text, score, kind]: [string, number, PieceKind] = ["", 0, "normal"];
  eachField(reader, {
    1: (reader) => {
      text = reader.string();
    },
    2: (reader) => {
      score = reader.float();
    },
    3: (reader) => {
      kind = named(KINDS, reader.int32());
    },
  });
  return { text, score, kind };
}

/** `TrainerSpec { ModelType model_type = 3; int32 unk_id = 40; }` */
function readTrainer(reader: BinaryReader): Pick<SentencePieceModel, "type" | "unkId"> {
  let [type, unkId]: [SentencePieceModel["type"], number] = ["unigram", 0];
  eachField(reader, {
    3: (reader) => {
      type = named(TYPES, reader.int32());
    },
    40: (reader) => {
      unkId = reader.int32();
    },
  });
  return { type, unkId };
}

type Fields = Readonly<Record<number, (reader: BinaryReader) => void>>;

/** Reads the fields of a message that are named, and skips the others. */
function eachField(reader: BinaryReader, fields: Fields): void {
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const read = fields[number];
    if (read) read(reader);
    else if (wireType === WireType.StartGroup) throw new RangeError("a group, which SentencePiece models do not use");
    else reader.skip(wireType);
  }
}

/** The message that a field holds. */
const message = (reader: BinaryReader): BinaryReader => new BinaryReader(reader.bytes());

function named<Name>(names: Readonly<Record<number, Name>>, number: number): Name {
  const name = names[number];
  if (name === undefined) throw new RangeError(`unknown piece type ${number}`);
  return name;
}
