"""Chat templates of the shapes that models in use have, written for these fixtures, with marks around what is said."""

CHATML = """\
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}{{ message.content + '<|im_end|>\\n' }}{% endgeneration %}
    {%- else %}
        {{- message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

# A system message that is there even when the conversation has none; blocks on lines of their own.
CHATML_DEFAULT_SYSTEM = """\
{% for message in messages %}
{% if loop.first and messages[0]['role'] != 'system' %}
{{ '<|im_start|>system\nYou read contracts.<|im_end|>
' }}{% endif %}
{{ '<|im_start|>' ~ message['role'] ~ '
' }}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}<|im_end|>
{% endgeneration %}{% else %}{{ message['content'] }}<|im_end|>
{% endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant
' }}
{% endif %}
"""

LLAMA3 = """\
{% set loop_messages = messages %}
{% for message in loop_messages %}
{% set head = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' %}
{% if loop.index0 == 0 %}{% set head = bos_token + head %}{% endif %}
{{ head }}
{%- if message['role'] == 'assistant' %}
    {%- generation %}{{ message['content'] | trim + '<|eot_id|>' }}{% endgeneration %}
{%- else %}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}
"""

# The system message goes into the first user message; roles must alternate; an answer has no head of its own.
MISTRAL = """\
{%- if messages[0]["role"] == "system" %}
    {%- set system = messages[0]["content"] %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in turns %}
    {%- if (message["role"] == "user") != (loop.index0 % 2 == 0) %}
        {{- raise_exception("Roles must alternate: user, assistant, user, assistant.") }}
    {%- endif %}
    {%- if message["role"] == "user" %}
        {%- if loop.first and system is defined %}
            {{- "[INST] " + system + "\\n\\n" + message["content"] + " [/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + " [/INST]" }}
        {%- endif %}
    {%- elif message["role"] == "assistant" %}
        {%- generation %}{{ " " + message["content"] + eos_token }}{% endgeneration %}
    {%- else %}
        {{- raise_exception("Only user, assistant and a first system message are known, not " + message["role"] + ".") }}
    {%- endif %}
{%- endfor %}
"""

GEMMA = """\
{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}{{ raise_exception('There is no system role.') }}{% endif %}
{%- for message in messages %}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
    {{- '<start_of_turn>' ~ role ~ '\\n' }}
    {%- if role == 'model' %}
        {%- generation %}{{ message['content'] | trim ~ '<end_of_turn>\\n' }}{% endgeneration %}
    {%- else %}
        {{- message['content'] | trim ~ '<end_of_turn>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}
"""

# Ends with the end-of-text token unless an answer is to follow: no beginning is written as within the whole.
PHI3 = """\
{% for message in messages %}{% if message['role'] == 'system' %}{{ '<|system|>
' + message['content'] + '<|end|>
' }}{% elif message['role'] == 'user' %}{{ '<|user|>
' + message['content'] + '<|end|>
' }}{% elif message['role'] == 'assistant' %}{{ '<|assistant|>
' }}{% generation %}{{ message['content'] + '<|end|>
' }}{% endgeneration %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% elif messages[-1]['role'] == 'assistant' %}{% generation %}{{ eos_token }}{% endgeneration %}{% else %}{{ eos_token }}{% endif %}
"""

# One end-of-text token after every turn, a line break after it; indented blocks, which leave no trace.
ZEPHYR = """\
{% for message in messages %}
    {% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
    {% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
    {% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
' }}{% generation %}{{ message['content'] + eos_token }}
{% endgeneration %}
    {% endif %}
    {# nothing to see #}
    {% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
    {% endif %}
{% endfor %}
"""

# Tools, macros, a namespace, tests and filters, calls; thoughts of earlier answers are dropped.
TOOLS = """\
{#- what the model may call -#}
{%- macro describe(tool) -%}
{{ tool.function.name }}({% for name, kind in tool.function.parameters.properties | items %}{{ name }}: {{ kind.type }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}
{%- set state = namespace(asked=-1) %}
{%- for message in messages %}{% if message.role == "user" %}{% set state.asked = loop.index0 %}{% endif %}{% endfor %}
{%- if tools is not none and tools | length > 0 %}
    {{- '<|im_start|>system\\n' }}
    {%- for tool in tools %}{{ describe(tool) + '\\n' + tool | tojson + '\\n' }}{% endfor %}
    {{- '<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.role == 'assistant' %}
        {%- generation %}
        {%- set said = message.content | default('', true) %}
        {%- if '</think>' in said and loop.index0 < state.asked %}{% set said = said.split('</think>')[-1].lstrip('\\n') %}{% endif %}
        {{- said }}
        {%- for call in message.tool_calls or [] %}
            {{- '{"name": "' + call.function.name + '", "arguments": ' + call.function.arguments | tojson + '}' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
        {%- endgeneration %}
    {%- else %}
        {{- (message.content if message.content is string else message.content | map(attribute='text') | join(' ')) + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""

# Plain words for marks: nothing keeps them apart from the text but where words end.
VICUNA = """\
{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{{ messages[0]['content'] + '\n\n' }}{% else %}{% set rest = messages %}{% endif %}
{% for message in rest %}{% if message['role'] == 'user' %}{{ 'USER: ' + message['content'] + '\n' }}{% else %}{{ 'ASSISTANT:' }}{% generation %}{{ ' ' + message['content'] + eos_token + '\n' }}{% endgeneration %}{% endif %}{% endfor %}
{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}
"""

TEMPLATES = {
    "chatml": CHATML,
    "chatml-default-system": CHATML_DEFAULT_SYSTEM,
    "llama3": LLAMA3,
    "mistral": MISTRAL,
    "gemma": GEMMA,
    "phi3": PHI3,
    "zephyr": ZEPHYR,
    "tools": TOOLS,
    "vicuna": VICUNA,
}
