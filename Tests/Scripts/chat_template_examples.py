"""Templates written for the tests: the constructs real chat templates use, and the rest."""

TEMPLATES = {
    "chatml": r"""
{%- if messages[0]['role'] != 'system' %}
{{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}
{%- endif %}
{% for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\n' + (message['content'] or '') + '<|im_end|>' + '\n' }}
{% endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}
""",
    "inst": r"""{{ bos_token }}
{%- if messages[0].role == "system" %}
    {%- set system = messages[0].content %}
    {%- set turns = messages[1:] %}
{%- else %}
    {%- set turns = messages %}
{%- endif %}
{%- for m in turns %}
    {%- if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception('Roles must alternate user/assistant/user/assistant/...') }}
    {%- endif %}
    {%- if m.role == 'user' %}
        {%- if loop.last and system is defined %}
            {{- '[INST] ' + system + '\n\n' + m.content + '[/INST]' }}
        {%- else %}
            {{- '[INST] ' ~ m.content ~ '[/INST]' }}
        {%- endif %}
    {%- else %}
        {{- ' ' + m.content | trim + eos_token }}
    {%- endif %}
{%- endfor %}""",
    "tools": r"""{%- macro kind(spec) -%}
{%- set names = {'string': 'str', 'integer': 'int'} -%}
{%- if spec.type is string -%}{{ names[spec.type] if spec.type in names else spec.type }}
{%- elif spec.type is iterable -%}{{ spec.type | map('default', 'x') | join('|') }}
{%- endif -%}
{%- endmacro -%}
{%- set ns = namespace(seen=false, calls=0) -%}
{%- if tools is defined and tools is not none and tools | length > 0 -%}
{{- '<tools>\n' }}
{%- for tool in tools -%}
{%- set f = tool.function if tool.function is defined else tool -%}
{{ loop.index }}. {{ f.name }}(
{%- for name, spec in f.parameters.properties | items -%}
{{ name }}: {{ kind(spec) }}{{ ', ' if not loop.last }}
{%- endfor -%}
) {{ f | tojson }}
{{ f.parameters | tojson(indent=2) }}
{% endfor %}
{{- '</tools>\n' -}}
{%- endif -%}
{%- for message in messages -%}
{%- if message.role == 'assistant' and message.tool_calls -%}
{%- generation -%}
{%- for call in message.tool_calls -%}
{%- set ns.calls = ns.calls + 1 -%}
<call id={{ call.id | default('none') }}>{{ call.function.name }}
{%- if call.function.arguments is mapping -%}
{%- for k, v in call.function.arguments.items() %} {{ k }}={{ v | tojson if v is not string else v }}{% endfor -%}
{%- else -%} {{ call.function.arguments }}
{%- endif -%}
</call>
{%- endfor -%}
{%- endgeneration -%}
{%- elif message.role == 'tool' -%}
{%- if loop.previtem is defined and loop.previtem.role != 'tool' %}<results>{% endif -%}
<result>{{ message.content }}</result>
{%- if loop.last or loop.nextitem.role != 'tool' %}</results>{% endif -%}
{%- else -%}
[{{ message.role | upper }}] {{ message.content }}
{% endif -%}
{%- if message.role == 'system' %}{% set ns.seen = true %}{% endif -%}
{%- endfor -%}
{{ ns.calls }} {{ ns.seen }} {{ namespace(a=1).a }}
{%- if add_generation_prompt %} [ASSISTANT]{% endif %}""",
    "thinking": r"""{%- set ns = namespace(last=-1) -%}
{%- for m in messages[::-1] -%}
    {%- set index = (messages | length - 1) - loop.index0 -%}
    {%- if ns.last < 0 and m.role == 'user' and m.content is string and not (m.content.startswith('<r>') and m.content.endswith('</r>')) -%}
        {%- set ns.last = index -%}
    {%- endif -%}
{%- endfor -%}
{%- for m in messages -%}
    {%- if m.content is string %}{% set content = m.content %}{% else %}{% set content = '' %}{% endif -%}
    {%- if m.role == 'assistant' -%}
        {%- set thought = '' -%}
        {%- if m.reasoning_content is string -%}
            {%- set thought = m.reasoning_content -%}
        {%- elif '</think>' in content -%}
            {%- set thought = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') -%}
            {%- set content = content.split('</think>')[-1].lstrip('\n') -%}
        {%- endif -%}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thought)) -%}
            {{- 'A<think>' + thought.strip('\n') + '</think>' + content -}}
        {%- else -%}
            {{- 'A' + content -}}
        {%- endif -%}
    {%- else -%}
        {{- m.role[:1] | upper ~ ':' ~ content -}}
    {%- endif -%}
    {{- '\n' -}}
{%- endfor -%}
{{- strftime_now('%d %B %Y') }}
{%- if add_generation_prompt -%}
    {{- '\nA' -}}
    {%- if enable_thinking is defined and enable_thinking is false %}{{ '<think></think>' }}{% endif -%}
{%- endif -%}""",
    "blocks": r"""<head>
  {# a comment #}
  {% set title %}Chat of {{ messages | length }}{% endset %}
  {{ title | upper }}
  {%- set shout | upper | trim %}  quiet {{ 1 + 1 }}  {% endset %}
{{ shout }}
{% macro turn(m, mark='>', width=3) %}{{ mark * width }} {{ m.content if m.content is string else '-' }}{% if caller %} [{{ caller(m.role, 1) }}]{% endif %} {{ varargs }} {{ kwargs }}{% endmacro %}
{% for m in messages if m.role != 'system' %}
  {% if loop.index > 3 %}{% break %}{% endif %}
  {% if m.role == 'tool' %}{% continue %}{% endif %}
  {% call(role, k) turn(m, '*', width=2) %}{{ role }}/{{ k }}/{{ loop.length }}{% endcall %}

  {{ turn(m, '#', 1, 'more', extra=loop.first) }} {{ loop.cycle('odd', 'even') }} {{ loop.changed(m.role) }}
{% else %}
  nobody
{% endfor %}
{% filter upper | replace('O', '0') %}filtered {{ 'o' }} text{% endfilter %}

{% with a = 1, b = messages | length %}{{ a }}{{ b }}{% set a = 5 %}{{ a }}{% endwith %}{{ a is defined }}
{% raw %}{{ not this }} {% nor this %}{% endraw %}

{% for k, v in {'x': [1, [2, 3]], 'y': [4]}.items() recursive %}{{ k }}{% endfor %}
{% for item in [1, [2, [3, 4]], 5] recursive %}{{ loop(item) if item is sequence and item is not string else item }}.{{ loop.depth }}{% endfor %}
{% block body %}block{% endblock %}{% print 1, 'a' %}
{%- for i in range(3) %} {{ i }}{% if not loop.last %},{% endif +%}
{% endfor %}
  {%+ if true %}kept{% endif %}
tail
""",
    "folding": r"""{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}""",
    "content parts": r"""{% for m in messages %}{{ m.role }}: {% if m.content is string %}{{ m.content }}{% elif m.content is not none %}{% for part in m.content %}{% if part.type == 'text' %}{{ part['text'] }}{% elif part['type'] == 'image' %}<image>{% endif %}{% endfor %}{{ m.content | selectattr('type', 'equalto', 'text') | map(attribute='text') | list }}{{ m.content }}{% endif %}
{% endfor %}{{ messages | map(attribute='role') | unique | join('/') }} {{ messages | groupby('role') | map(attribute='grouper') | join(',') }}""",
}

EXPRESSIONS = [
    # whitespace control
    "a\n  {% if yes %}\n  b\n  {% endif %}\n  c\n", "a {%- if yes -%} b {%- endif -%} c", "{{- text -}}  x",
    "  {%+ if yes %} y{% endif %}\n z", "a\n\n{%- if yes %}\n\nb{% endif -%}\n\nc", "x{# c #}\ny{#- c -#}  z\n\n",
    "  {# indented #}\n  t", "{% raw %}  {{ a }}{% endraw %}\n b", "{%- raw -%}  {{ a }} {%- endraw -%}\n b",
    "{{ 1 }}\n{{ 2 }}\n", "{% if yes +%}\nkept{% endif %}", "a\r\nb\rc\n", "{{ 'a\r\nb' }}",
    # printing
    "{{ mixed }}", "{{ map }}", "{{ quotes }}|{{ [quotes] }}", "{{ ['it\\'s'] }}{{ ['\"'] }}{{ ['\\'\"'] }}",
    "{{ big }} {{ small }} {{ x }} {{ 1e15 }} {{ 1.0 }} {{ 123456789012345678.0 }} {{ 1e300 }} {{ -0.0 }} {{ 0.1 + 0.2 }}",
    "{{ nil }}{{ yes }}{{ no }}{{ missing }}|", "{{ (1,) }}{{ () }}{{ (1, 2) }}", "{{ map.items() }}{{ map.keys() }}{{ map.values() }}",
    "{{ range(3) }}{{ range(1, 9, 2) }}", "{{ namespace(a=1, b='x') }}", "{{ {1: 'a', none: 2, true: 3, 1.5: 4, (1, 2): 5} }}",
    "{{ '\\u00e9\\x41\\t|\\101|\\q|\\\\n' }}", "{{ 'a' 'b' \"c\" }}", "{{ 'é\\n' }}", "{{ [missing] }}",
    # arithmetic
    "{{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 2 ** 3 ** 2 }}",
    "{{ 7.5 // 2 }} {{ -7.5 // 2 }} {{ 7.5 % 2 }} {{ -7.5 % 2 }} {{ 1 / 3 }} {{ 4 / 2 }} {{ 2.0 ** 0.5 }} {{ -2 ** 2 }}",
    "{{ 1 + yes }} {{ yes + yes }} {{ yes * 3 }} {{ -yes }} {{ +no }}", "{{ 'ab' * 3 }} {{ 2 * 'x' }} {{ [1] * 2 }} {{ [1] + [2] }} {{ (1,) + (2,) }} {{ 'a' * -1 }}|",
    "{{ 1 ~ 'a' ~ nil ~ 2.50 ~ missing }}", "{{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ 1_0.5_0 }} {{ 1e3 }} {{ 1.5e-3 }}",
    "{{ 1 / 0 }}", "{{ 1 % 0 }}", "{{ 'a' + 1 }}", "{{ nil + 1 }}", "{{ missing + 1 }}", "{{ - 'a' }}", "{{ [1] + (1,) }}", "{{ 1.0 // 0 }}",
    # comparison and logic
    "{{ 1 == 1.0 }} {{ 1 == true }} {{ '1' == 1 }} {{ [1, 2] == [1, 2.0] }} {{ (1,) == [1] }} {{ {'a': 1} == {'a': 1.0} }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 2 > 3 }} {{ 'a' < 'b' }} {{ 'Z' < 'a' }} {{ [1, 2] < [1, 3] }} {{ 2 >= 2 }} {{ 1 != 2 }}",
    "{{ 'a' < 1 }}", "{{ nil < 1 }}", "{{ missing < 1 }}", "{{ missing == missing2 }} {{ missing == nil }} {{ missing != 1 }}",
    "{{ 1 in numbers }} {{ 'ell' in text }} {{ 'a' in map }} {{ 'z' not in map }} {{ 3 in range(2, 9, 2) }} {{ 4 in range(2, 9, 2) }} {{ 1 in missing }}",
    "{{ 1 in 'a' }}", "{{ 1 in nil }}", "{{ 'a' in ['a', 'b'] and not no or nil }}", "{{ nil or 'x' }} {{ '' and 'y' }}| {{ 0 or [] or 'z' }} {{ not '' }}",
    "{{ 'x' if yes }}|{{ 'x' if no }}|{{ 'a' if no else 'b' if yes else 'c' }}", "{{ yes if yes is true else no }}", "{{ (yes and no) is false }}",
    "{{ not yes == no }}", "{{ 1 if 1 < 2 and 2 < 3 else 0 }}",
    # subscripts
    "{{ text[0] }}{{ text[-1] }}{{ text[1:4] }}{{ text[:-7] }}{{ text[::-1] }}{{ text[::2] }}{{ text[5:1:-1] }}{{ text[100:] }}|",
    "{{ numbers[1] }} {{ numbers[-1] }} {{ numbers[1:] }} {{ numbers[::-2] }} {{ numbers[99] }}| {{ (1, 2, 3)[1:] }} {{ range(9)[2] }}",
    "{{ map.a[1].k }} {{ map['a'][1]['k'] }} {{ map.b }} {{ map.missing }}| {{ map.get('b') }} {{ map.get('q') }} {{ map.get('q', 5) }}",
    "{{ map.missing.more }}", "{{ missing.more }}", "{{ missing['x'] }}", "{{ nil.x }}|", "{{ text.nothing }}|", "{{ numbers.0 }} {{ people.0.name }}", "{{ text['upper']() }}",
    "{{ text[1:'a'] }}", "{{ text[::0] }}", "{{ numbers['a'] }}|", "{{ {'items': 1}['items'] }}{{ {'items': 1}.items is callable }}", "{{ numbers[true] }} {{ numbers[1.0] }}|",
    "{{ text.__class__ }}|{{ map.__len__ }}|{{ numbers._x }}|", "{{ numbers.append }}|{{ map.update }}|", "{{ numbers.append(1) }}", "{{ map.pop('a') }}", "{{ text.__class__.__mro__ }}",
    # string methods
    "{{ text.upper() }}{{ text.lower() }}{{ text.title() }}{{ 'heLLo wORLD'.capitalize() }}{{ text.swapcase() }}",
    "{{ greek.lower() }} {{ turkish.lower() }} {{ turkish.upper() }} {{ turkish.title() }} {{ 'ǆ'.capitalize() }} {{ \"they're bill's\".title() }}",
    "{{ '  a b  '.strip() }}|{{ '  a'.lstrip() }}|{{ 'a  '.rstrip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'abcab'.lstrip('ba') }}|{{ '\\u00a0\\u2003a\\u200b'.strip() }}|",
    "{{ 'a,b,,c'.split(',') }}{{ ' a  b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a b c'.split(none, 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ' a b c '.rsplit(maxsplit=1) }}{{ ''.split() }}{{ ''.split(',') }}",
    "{{ 'a'.split('') }}", "{{ lines.splitlines() }}{{ lines.splitlines(true) }}{{ 'a\\x0bb\\x1cc\\u2028d'.splitlines() }}",
    "{{ text.startswith('Hell') }}{{ text.endswith(('x', '\"')) }}{{ text.startswith('l', 2) }}{{ text.endswith('o', 0, 5) }}{{ ''.startswith('') }}{{ 'a'.startswith('', 5) }}",
    "{{ text.find('l') }}{{ text.find('zz') }}{{ text.rfind('l') }}{{ text.index('W') }}{{ text.count('l') }}{{ 'aaa'.count('aa') }}{{ 'abc'.count('') }}{{ text.find('l', 4) }}",
    "{{ text.index('zz') }}", "{{ text.replace('l', 'L') }}{{ text.replace('l', '', 1) }}{{ 'abc'.replace('', '-') }}{{ 'abc'.replace('', '-', 2) }}",
    "{{ 'a'.center(6, '*') }}{{ 'ab'.center(5, '*') }}{{ 'a'.ljust(3) }}|{{ 'a'.rjust(3, '0') }}{{ '-5'.zfill(4) }}{{ '+x'.zfill(5) }}{{ 'a\\tb'.expandtabs(4) }}",
    "{{ 'a-b-c'.partition('-') }}{{ 'a-b-c'.rpartition('-') }}{{ 'abc'.partition('-') }}{{ 'abc'.rpartition('-') }}{{ 'prefix_x'.removeprefix('prefix_') }}{{ 'x.py'.removesuffix('.py') }}",
    "{{ ', '.join(['a', 'b']) }}{{ '-'.join('abc') }}{{ ''.join([]) }}", "{{ ','.join([1]) }}",
    "{{ 'abc'.isalpha() }}{{ 'ab1'.isalnum() }}{{ '12'.isdigit() }}{{ '²'.isdigit() }}{{ '½'.isnumeric() }}{{ '١'.isdecimal() }}{{ ' \\n'.isspace() }}{{ ''.isspace() }}{{ 'Ab'.isupper() }}{{ 'AB1'.isupper() }}{{ 'ab'.islower() }}{{ 'Ab Cd'.istitle() }}{{ 'a_b'.isidentifier() }}{{ 'é'.isascii() }}",
    "{{ '{} {}'.format(1, 'a') }}{{ '{1}{0}'.format('a', 'b') }}{{ '{a}{b[0]}{c.k}'.format(a=1, b=[2], c={'k': 3}) }}{{ '{{}}'.format() }}{{ '{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd') }}",
    "{{ '{:.2f} {:5d} {:05d} {:+d} {:,} {:x} {:#x} {:b} {:e} {:g} {:%} {:.1%}'.format(3.14159, 42, 42, 42, 1234567, 255, 255, 5, 12345.678, 0.0001, 0.5, 0.256) }}",
    "{{ '{!r} {!s}'.format('a', 'b') }}{{ '{:{}}|'.format('a', 4) }}{{ '{:08.3f}|{:<8}|{:=+6}'.format(3.14159, 7, 5) }}{{ '{:,.2f}'.format(1234567.891) }}{{ '{:_}'.format(1000000) }}", "{{ '{}'.format() }}", "{{ '{x}'.format(y=1) }}",
    "{{ '%s %d %r %5.2f %-5s| %05d %x %o %e %g %% %c' % ('a', 3, 'q', 3.14159, 'l', 42, 255, 8, 1234.5, 0.00001, 'z') }}", "{{ '%(a)s-%(b)03d' % {'a': 1, 'b': 2} }}", "{{ '%s' % nil }} {{ '%s' % [1] }} {{ 'x' % {} }} {{ '%.3s|%5s|%+d|% d|%#x' % ('abcdef', 'r', 5, 5, 255) }} {{ '%*d' % (5, 3) }}",
    "{{ '%s %s' % 'a' }}", "{{ '%d' % 'a' }}", "{{ '%s' % (1, 2) }}", "{{ '%q' % 1 }}",
    # dict and list methods
    "{% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}{{ map.keys() | list }}{{ map.values() | list }}{{ 'b' in map.keys() }}{{ dict(a=1, **{'b': 2}) }}{{ dict([('x', 1)]) }}{{ dict({'q': 1}, r=2) }}{{ map.copy() == map }}",
    "{{ numbers.index(2) }}{{ numbers.count(1) }}{{ (1, 2).index(2) }}{{ dict.fromkeys(['a', 'b'], 0) }}", "{{ numbers.index(77) }}",
    # filters
    "{{ text | length }}{{ numbers | count }}{{ map | length }}{{ missing | length }}", "{{ 5 | length }}", "{{ words | sort }}{{ words | sort(case_sensitive=true) }}{{ words | sort(reverse=true) }}{{ numbers | sort }}{{ people | sort(attribute='age,name') | map(attribute='name') | list }}{{ people | sort(attribute='age', reverse=true) | map(attribute='name') | list }}", "{{ mixed | sort }}",
    "{{ numbers | first }}{{ numbers | last }}{{ text | first }}{{ text | last }}{{ [] | first }}|{{ [] | last }}|{{ map | first }}{{ numbers | map('string') | first }}",
    "{{ numbers | join(', ') }}{{ people | join('/', attribute='name') }}{{ text | join('.') }}{{ mixed | join('|') }}{{ missing | join }}|", "{{ words | upper }}{{ 5 | upper }}{{ nil | lower }}{{ missing | upper }}|",
    "{{ text | upper }}{{ text | lower }}{{ text | title }}{{ text | capitalize }}{{ 'foo-bar (baz) \\'qux' | title }}{{ '  x ' | trim }}|{{ 'xax' | trim('x') }}|{{ 5 | trim }}",
    "{{ text | replace('l', 'L') }}{{ text | replace('l', 'L', 1) }}{{ 505 | replace(5, 6) }}{{ missing | replace('a', 'b') }}|", "{{ text | reverse }}{{ numbers | reverse | list }}{{ map | reverse | list }}",
    "{{ missing | default('d') }}{{ '' | default('d') }}{{ '' | default('d', true) }}{{ nil | default('d') }}{{ nil | d('e', boolean=true) }}{{ map.zip | default(1) }}{{ missing | default }}|",
    "{{ numbers | sum }}{{ people | sum(attribute='age') }}{{ [0.5, 1] | sum }}{{ [] | sum }}{{ [[1], [2]] | sum(start=[]) }}{{ numbers | sum(start=100) }}", "{{ numbers | min }}{{ numbers | max }}{{ words | min }}{{ words | max }}{{ people | max(attribute='age') }}{{ [] | min }}|{{ words | min(case_sensitive=true) }}",
    "{{ numbers | unique | list }}{{ words | unique | list }}{{ ['a', 'A', 'b'] | unique | list }}{{ ['a', 'A'] | unique(true) | list }}{{ [1, 1.0, true, 2] | unique | list }}",
    "{{ numbers | select('odd') | list }}{{ numbers | reject('odd') | list }}{{ mixed | select | list }}{{ numbers | select('gt', 2) | list }}{{ numbers | select('in', [1, 2]) | list }}{{ numbers | select('divisibleby', 5) | list }}{{ missing | select | list }}{{ nil | select | list }}",
    "{{ people | selectattr('age', 'eq', 30) | map(attribute='name') | list }}{{ people | rejectattr('city') | list }}{{ people | selectattr('city.zip', '==', '8000') | list | length }}{{ people | selectattr('city', 'defined') | list | length }}{{ people | map(attribute='city.zip', default='?') | list }}{{ people | map(attribute='city') | list }}",
    "{{ words | map('upper') | list }}{{ words | map('replace', 'a', 'z') | list }}{{ nested | map('length') | list }}{{ nested | map(attribute=0) | list }}{{ numbers | map('string') | map('length') | list }}", "{{ words | map('nope') | list }}", "{{ words | map | list }}",
    "{{ numbers | batch(2) | list }}{{ numbers | batch(2, 0) | list }}{{ numbers | slice(2) | list }}{{ numbers | slice(3, 'x') | list }}{{ text | list }}{{ map | list }}",
    "{{ people | groupby('age') }}{% for age, group in people | groupby('age') %}{{ age }}:{{ group | length }};{% endfor %}{{ people | groupby('city.zip', default='-') | map(attribute='grouper') | list }}{{ words | groupby(0) | map('first') | list }}",
    "{{ map | dictsort }}{{ map | dictsort(true) }}{{ {'a': 2, 'b': 1} | dictsort(by='value') }}{{ {'a': 2, 'b': 1} | dictsort(false, 'key', true) }}{{ map | items | list }}{{ missing | items | list }}", "{{ 5 | items | list }}", "{{ map | dictsort(by='x') }}",
    "{{ '42' | int }}{{ '4.7' | int }}{{ 'x' | int }}{{ 'x' | int(5) }}{{ '0x1A' | int(base=16) }}{{ ' 7 ' | int }}{{ 3.9 | int }}{{ -3.9 | int }}{{ nil | int }}{{ '1_000' | int }}{{ true | int }}{{ '3.5' | float }}{{ 'x' | float }}{{ 'x' | float(1.5) }}{{ 5 | float }}{{ '1e3' | float }}{{ '.5' | float }}{{ '5.' | float }}{{ 'inf' | float }}{{ 'nan' | float }}{{ '' | float }}",
    "{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(1, 'ceil') }} {{ 7 | round }} {{ 1234 | round(-2) }} {{ 1250 | round(-2) }} {{ -2.5 | round }} {{ 2.4 | round | int }} {{ 1e20 | round }} {{ 15.5 | round(-1) }}", "{{ 'a' | round }}",
    "{{ -5 | abs }}{{ (-5) | abs }}{{ x | abs }}{{ yes | abs }}", "{{ lines | indent }}|{{ lines | indent(2, true) }}|{{ lines | indent(2, blank=true) }}|{{ 'a\\nb' | indent('>> ') }}|{{ 'a\\n' | indent }}|{{ '' | indent(first=true) }}|",
    "{{ [1] | truncate(3) }}{{ '' % missing }}{{ missing in map }}{% filter length %}a{% endfilter %}", "{% for a, b in [[1, 2], [3, 4]] if a %}{{ loop.previtem }}{% endfor %}{{ [1] | truncate(3) }}{{ 'a' % missing }}{{ missing in map }}", "{{ text | truncate(10) }}{{ text | truncate(8, true) }}{{ text | truncate(8, false, '') }}{{ 'short' | truncate }}{{ 'a b c d e f g h' | truncate(9, leeway=0) }}", "{{ text | wordcount }}{{ 'a_b c-d 1' | wordcount }}", "{{ text | center(30) }}|", "{{ text | escape }}{{ text | e }}{{ text | safe }}{{ '<' | forceescape }}",
    "{{ '%s-%s' | format('a', 1) }}{{ '%(x)s' | format(x=1) }}{{ 'n' | format }}", "{{ 5 | string + 'x' }}{{ nil | string }}{{ [1] | string }}", "{{ 1000 | filesizeformat }} {{ 1 | filesizeformat }} {{ 1536 | filesizeformat(true) }} {{ 999 | filesizeformat }} {{ 123456789 | filesizeformat }}",
    "{{ map | tojson }}{{ text | tojson }}{{ mixed | tojson }}{{ quotes | tojson }}{{ 'é\\x7f\\u2028' | tojson }}{{ big | tojson }}{{ small | tojson }}{{ (1, 2) | tojson }}{{ {} | tojson }}{{ [] | tojson }}{{ {1: 2, none: 3, true: 4, 1.5: 0} | tojson }}",
    "{{ map | tojson(indent=2) }}{{ nested | tojson(indent=1) }}{{ map | tojson(separators=(',', ':')) }}{{ map | tojson(sort_keys=true) }}{{ text | tojson(ensure_ascii=true) }}{{ '🙂' | tojson(true) }}{{ map | tojson(indent='\\t') }}{{ map | tojson(indent=0) }}{{ {} | tojson(indent=2) }}", "{{ missing | tojson }}", "{{ range(3) | tojson }}", "{{ map | tojson(none, 4) }}",
    "{{ map | attr('b') }}|{{ text | attr('upper') is callable }}", "{{ text | nope }}", "{% if no %}{{ text | nope }}{% endif %}ok", "{{ (text | nope) if no else 'ok' }}", "{{ text is nope }}", "{{ numbers | length > 3 }} {{ numbers | length + 1 }} {{ -numbers | length }}", "{{ -n | abs }}",
    "{{ text | upper | lower | length }}{{ (text ~ 'x') | length }}{{ text ~ 'x' | length }}", "{{ 'a' ~ 'b' | upper }}", "{{ [1,2,3] | map('float') | map('round', 1) | join(' ') }}",
    # tests
    "{{ 3 is odd }}{{ 4 is even }}{{ 9 is divisibleby 3 }}{{ 9 is divisibleby(2) }}{{ n is defined }}{{ missing is defined }}{{ missing is undefined }}{{ nil is none }}{{ nil is not none }}{{ yes is boolean }}{{ 1 is boolean }}{{ yes is true }}{{ 1 is true }}{{ no is false }}",
    "{{ 1 is integer }}{{ yes is integer }}{{ 1.0 is float }}{{ 1 is number }}{{ yes is number }}{{ 'a' is number }}{{ 'a' is string }}{{ map is mapping }}{{ numbers is mapping }}{{ numbers is sequence }}{{ text is sequence }}{{ 5 is sequence }}{{ map is sequence }}{{ numbers is iterable }}{{ 5 is iterable }}{{ missing is iterable }}{{ missing is sequence }}{{ nil is iterable }}",
    "{{ 'abc' is lower }}{{ 'ABC' is upper }}{{ 'Abc' is lower }}{{ 1 is eq 1 }}{{ 1 is equalto 2 }}{{ 1 is ne 2 }}{{ 1 is lt 2 }}{{ 2 is gt 1 }}{{ 2 is ge 2 }}{{ 2 is le 1 }}{{ 1 is in [1] }}{{ 1 is sameas 1 }}{{ nil is sameas nil }}{{ 'upper' is filter }}{{ 'nope' is filter }}{{ 'odd' is test }}{{ range is callable }}{{ text is callable }}{{ 'a' is escaped }}{{ 3 is not odd }}{{ not 3 is odd }}{{ 1 is greaterthan 0 }}{{ 1 is lessthan 0 }}",
    "{{ 'a' is odd }}", "{{ nil is odd }}", "{{ n is defined and n is number }}{{ n is string or n is number }}{{ 'y' if n is number else 'z' }}", "{{ map.a is defined and map.a is sequence }}{{ map['q'] is not defined }}",
    # statements
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set (c, d) = (3, 4) %}{{ c }}{{ d }}{% set e = 1, 2 %}{{ e }}", "{% set a, b = [1] %}", "{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }}{% endfor %}{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 5 %}{{ x }}{% endfor %}{{ x }}", "{% if yes %}{% set q = 1 %}{% endif %}{{ q }}{% if no %}{% set r = 1 %}{% endif %}{{ r }}|", "{% set ns = namespace(i=0) %}{% for i in range(4) %}{% set ns.i = ns.i + i %}{% endfor %}{{ ns.i }}{{ ns.q }}|", "{% set map.b = 1 %}",
    "{% for i in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}", "{% for i in [] %}x{% else %}none{% endfor %}{% for i in missing %}x{% else %}none{% endfor %}", "{% for i in nil %}{% endfor %}", "{% for i in [1, 2] %}{{ i }}{% break %}{% else %}e{% endfor %}{% for i in [1, 2] %}{% continue %}{% else %}e{% endfor %}", "{% for i in 5 %}{% endfor %}",
    "{% for i in numbers if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% else %}none{% endfor %}", "{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for c in 'aé🙂' %}[{{ c }}]{% endfor %}{% for k in map %}{{ k }}{% endfor %}", "{% for i in range(3) %}{% for j in range(2) %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}", "{{ loop }}|", "{% for i in numbers | map('string') %}{{ i }}{{ loop.last }}{{ loop.length }}{% endfor %}",
    "{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(1) }}{{ f(1, 3) }}{{ f(a=5, c='x') }}{{ f() }}|{{ f.name }}{{ f.arguments }}", "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{{ a }}{% endmacro %}{{ f(q=2) }}", "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{% macro f() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, a=3) }}", "{% macro f() %}[{{ caller('x') }}]{% endmacro %}{% call(a) f() %}{{ a }}!{% endcall %}", "{% macro f() %}x{% endmacro %}{% call f() %}{% endcall %}", "{% set v = 1 %}{% macro f() %}{{ v }}{% endmacro %}{% set v = 2 %}{{ f() }}", "{% macro f(x) %}{% set v = x %}{{ v }}{% endmacro %}{{ f(1) }}{{ v }}|", "{{ f(1) }}{% macro f(x) %}{{ x }}{% endmacro %}", "{% macro f(x) %} {{ x }} {% endmacro %}{{ f('a') | trim | upper }}{{ f(1) ~ 'b' }}",
    "{% set a %}x{{ 1 }}{% endset %}{{ a }}{{ a | length }}{% set b | upper %}y{% endset %}{{ b }}", "{% filter upper %}a{{ text }}{% endfilter %}", "{% filter indent(2) | trim %}  a\n b{% endfilter %}", "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z }}|{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{% set j = joiner('|') %}{{ j() }}{{ j() }}", "{% generation %}gen {{ n }}{% endgeneration %}", "{% for i in [1, [2, [3]]] recursive %}{% if i is number %}{{ i }}{% else %}({{ loop(i) }}){% endif %}{{ loop.depth0 }}{% endfor %}", "{% for i in [1] %}{{ loop(i) }}{% endfor %}",
    "{% if n == 7 %}seven{% elif n == 8 %}eight{% else %}other{% endif %}", "{% if 1, 2 %}t{% endif %}", "{% if (no) %}a{% elif (yes) %}b{% endif %}", "{% print n, text %}", "{{ raise_exception('no: ' ~ n) }}", "{% block a %}b{{ n }}{% endblock a %}", "{{ strftime_now('%Y-%m-%d %H %B %b %A %j %%') }}", "{{ range(3) | list }}{{ range(0) | list }}{{ range(5, 0, -2) | list }}", "{{ range(1000000) }}", "{{ range(1, 2, 0) }}", "{{ lipsum is defined }}{{ namespace is defined }}{{ range is defined }}",
    # where names live
    "{% for i in [1] %}{{ n }}{% endfor %}{% set n = 5 %}{{ n }}", "{% macro f() %}{{ n }}{% endmacro %}{{ f() }}|{% set n = 5 %}{{ f() }}", "{{ n }}{% for i in [1, 2] %}{{ n }}{% set n = i %}{{ n }}{% endfor %}{% set n = 5 %}{{ n }}",
    "{% for i in [1] %}{{ n }}{% endfor %}{% if no %}{% set n = 5 %}{% endif %}{{ n }}", "{% for i in [1, 2] %}{% for j in [1] %}{{ n }}{% endfor %}{% set n = i %}{% endfor %}{{ n }}", "{% if yes %}{% set n = 1 %}{% else %}{{ n }}{% endif %}{% for i in [1] %}{{ n }}{% endfor %}",
    "{% with n = n + 1 %}{{ n }}{% for i in [1] %}{{ text }}{% endfor %}{% set text = 2 %}{{ text }}{% endwith %}{{ text }}", "{% macro f(x, y=n) %}{{ x }}{{ y }}{% for i in [1] %}{{ big }}{% endfor %}{% set n = 3 %}{% set big = 1 %}{{ big }}{{ n }}{% endmacro %}{{ f(1) }}",
    "{% for i in [1] %}{{ f }}{% endfor %}|{% macro f() %}{% endmacro %}", "{% block b %}{{ n }}{% endblock %}{% set n = 5 %}{% block c %}{{ n }}{% endblock %}", "{% set q %}{% for i in [1] %}{{ n }}{% endfor %}{% set n = 1 %}{% endset %}{{ q }}|{{ n }}",
    "{% if yes %}{% for i in [] %}{{ text | nope }}{% endfor %}{% endif %}ok",
    # text marked as safe
    "{{ ('<' | e) + '<' }} {{ '<' + ('<' | safe) }} {{ ('<' | e) ~ '<' }} {{ '<' | e | e }} {{ '<' | e | forceescape }} {{ [text | e, text | safe] }} {{ ('<' | e) is escaped }}{{ '<' is escaped }}",
    "{{ [('<a>' | safe).upper(), ('<a>' | safe) | title, ('a b' | e).split(), ('a b' | e) | trim, ('ab' | e)[0], ('ab' | e) | first, ('ab' | e) | last, ('ab' | e) | list, ('ab' | e) * 2, ('ab' | e)[::-1]] }}",
    "{{ [('a' | e).replace('a', '<'), ('a' | e) | replace('a', '<'), ('a' | e).join(['<', '>']), ['<', 'b' | e] | join('<' | e), ('a' | e).center(5, '-'), 'a' | e | center(3), ('a-b' | e).partition('-'), ('abc' | e).partition('-')] }}",
    "{{ ('%s%r%d' | safe) % ('<', '<', 3) }}{{ ('{}{:>3}' | safe).format('<', '<') }}{{ ('{}' | safe).format('<' | safe) }}{{ ('%s' | e) | format('<') }}{{ '%s' % ('<' | e) }}{{ ('{:3}' | e).format('a' | e) }}", "{% set q | e %}<{{ text }}>{% endset %}{{ [q] }}{{ q + '<' }}", "{{ ('a\nb <c' | safe) | indent + '<' }}{{ ('aaaa bbbb' | e) | truncate(6, end='<') }}{{ map | tojson | safe }}{{ (map | tojson | safe)[:3] + '<end>' }}",
    "{{ 'ÀΣ' .casefold() }}", "{{ map[1:] }}", "{{ nil[1:] }}", "{{ numbers | map('string') | reverse }}", "{{ 'x' % range(3) }}{{ 'x' % [1] }}",
    # syntax errors
    "{{ 1 +", "{% if yes %}", "{% endif %}", "{{ 'a }}", "{{ a b }}", "{% for x %}{% endfor %}", "{% foo %}", "{{ (1 }}", "{{ ) }}", "{# open", "{% raw %}x", "{% set 1 = 2 %}", "{{ }}", "{% %}", "{{ a | }}", "{{ f(a=1, 2) }}", "{% macro f(a=1, b) %}{% endmacro %}", "{{ 1 is odd is even }}", "{% else %}", "{% for i in [1] %}{% break %}{% endfor %}{% break %}", "{{ 'a' is 1 }}", "{{ [1, }}", "{{ {1: } }}", "{{ $ }}", "{% if x %}{% endfor %}", "{{ a.1b }}", "{% call f %}{% endcall %}", "{% set none = 1 %}", "{{ a ? b : c }}", "{{ !a }}", "{{ a && b }}", "{% include 'x' %}", "{% extends 'x' %}", "{% import 'x' as y %}",
    # plain text
    "}} %} #} { % { {", "{{ '{{' }} {{ \"%}\" }} {% if '%}' == '%}' %}y{% endif %}", "line\n\n", "\n\n{{ n }}\n\n\n", "{{ '}}' }}{{ {'a': {'b': 1}} }}{{ {'a': {'b': 1}}['a']['b'] }}", "",
]
