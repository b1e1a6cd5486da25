// Templates: the language, the functions and the limits, as tables of text → text.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TemplateError, type Value, parseTemplate, textFunctions } from '../../src/template/template.ts'

const data: Value = new Map<string, Value>([
  ['name', 'orders'],
  ['empty', ''],
  ['list', ['a', 'b', 'c']],
  [
    'labels',
    new Map([
      ['zone', 'eu'],
      ['app', 'etl'],
    ]),
  ],
  ['float', 2.5],
  ['int', 7n],
])

const expand = (text: string): string =>
  parseTemplate(text, { functions: textFunctions, variables: ['$value'] }).expand(data, { $value: 1_500_000 })

describe('the language', () => {
  test.for<[string, string]>([
    ['plain text', 'plain text'],
    ['a {{ .name }} b', 'a orders b'],
    ['a {{- .name -}} b', 'aordersb'],
    ['x {{- /* why */ -}} y', 'xy'],
    ['{{/* one */}}z', 'z'],
    ['{{ .missing }}|{{ .labels.none }}', '|'],
    ['{{ "q\\"\\u00e9\\x41" }} {{ `raw "` }}', 'q"éA raw "'],
    ["{{ 'a' }} {{ 0x10 }} {{ 1_000 }} {{ 0o17 }} {{ 1e3 }} {{ -2.50 }}", '97 16 1000 15 1000 -2.5'],
    ['{{ $value }} {{ 0.00001 }} {{ 123456.0 }} {{ 1234567.0 }}', '1.5e+06 1e-05 123456 1.234567e+06'],
    ['{{ true }} {{ not true }} {{ nil | print }}', 'true false <nil>'],
    ['{{ $x := 1 }}{{ $x }}{{ $x = 2 }}{{ $x }}', '12'],
    ['{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ $x := "c" }}{{ $x }}{{ end }}{{ $x }}', 'cb'],
    ['{{ if .empty }}a{{ else if .name }}b{{ else }}c{{ end }}', 'b'],
    ['{{ with .name }}{{ . }}{{ $.int }}{{ else }}no{{ end }}', 'orders7'],
    ['{{ with .empty }}x{{ else with .name }}{{ . }}{{ end }}', 'orders'],
    ['{{ range .list }}{{ . }};{{ else }}none{{ end }}', 'a;b;c;'],
    ['{{ range $i, $e := .list }}{{ $i }}={{ $e }} {{ end }}', '0=a 1=b 2=c '],
    ['{{ range $k, $v := .labels }}{{ $k }}={{ $v }} {{ end }}', 'app=etl zone=eu '],
    ['{{ range .list }}{{ if eq . "b" }}{{ continue }}{{ end }}{{ . }}{{ end }}', 'ac'],
    ['{{ range .list }}{{ if eq . "b" }}{{ break }}{{ end }}{{ . }}{{ end }}', 'a'],
    ['{{ range $i := 3 }}{{ $i }}{{ end }}', '012'],
    ['{{ range .missing2 | len }}x{{ else }}none{{ end }}', 'none'],
    ['{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" .name }}{{ template "t" }}', '[orders][<no value>]'],
    ['{{ block "b" .int }}<{{ . }}>{{ end }}', '<7>'],
    ['{{ define "t" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template "t" (args 1 "two") }}', '1-two'],
    ['{{ (index .list 1) | toUpper | printf "%s!" }}', 'B!'],
    ['{{ index .labels "zone" }} {{ len .list }} {{ slice .name 1 3 }} {{ slice .list 1 }}', 'eu 3 rd [b c]'],
    ['{{ and 1 0 2 }} {{ or 0 "" "x" }} {{ and true .name }}', '0 x orders'],
    [
      '{{ eq .name "a" "orders" }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt 1.5 2.5 }} {{ ge "b" "a" }}',
      'true true true true false true',
    ],
    ['{{ print 1 2 "x" 3 }} {{ println "a" 1 }}', '1 2x3 a 1\n'],
    ['{{ .labels }}', 'map[app:etl zone:eu]'],
    [
      '{{ html "<a href=\'x\'>&" }} {{ urlquery "a b&c" }} {{ js "it\'s" }}',
      "&lt;a href=&#39;x&#39;&gt;&amp; a+b%26c it\\'s",
    ],
  ])('%s → %s', ([text, expected]) => {
    expect(expand(text)).toBe(expected)
  })
})

describe('printf', () => {
  test.for<[string, string]>([
    ['{{ printf "%.2f %5.1f|%-6.1f|" 3.14159 2.25 2.25 }}', '3.14   2.2|2.2   |'],
    ['{{ printf "%d %5d %05d %+d %x %o %b %c" 42 42 42 42 255 8 5 65 }}', '42    42 00042 +42 ff 10 101 A'],
    ['{{ printf "%s %q %v %10s|%-5s|%.2s" "a" "b\\n" "c" "d" "e" "fgh" }}', 'a "b\\n" c          d|e    |fg'],
    [
      '{{ printf "%e %g %G %t %T %%" 1234.5678 0.0000001 1e30 true 1.5 }}',
      '1.234568e+03 1e-07 1E+30 true float64 %',
    ],
    [
      '{{ printf "%d" 1.5 }} {{ printf "%s" }} {{ printf "a" 1 }}',
      '%!d(float64=1.5) %!s(MISSING) a%!(EXTRA int=1)',
    ],
    ['{{ printf "%*d" 5 42 }}', '   42'],
    [
      '{{ printf "%.0f %.0f %.4g %.4g %.4g %.1f" 0.5 1.5 12345.0 12355.0 100000.0 1e22 }}',
      '0 2 1.234e+04 1.236e+04 1e+05 10000000000000000000000.0',
    ],
  ])('%s → %s', ([text, expected]) => {
    expect(expand(text)).toBe(expected)
  })
})

describe('functions', () => {
  test.for<[string, string]>([
    [
      '{{ range $v := (args 0.0 1.0 1234567.0 0.12 -5000.0 1e30) }}{{ humanize $v }} {{ end }}',
      '0 1 -5k 1.235M 120m 1e+06Y '.split(' ').length > 0 ? '0 1 1.235M 120m -5k 1e+06Y ' : '',
    ],
    [
      '{{ humanize1024 0.0 }} {{ humanize1024 1048576.0 }} {{ humanize1024 -2048.0 }} {{ humanize1024 .12 }}',
      '0 1Mi -2ki 0.12',
    ],
    [
      '{{ humanizeDuration 0 }} {{ humanizeDuration 59.9 }} {{ humanizeDuration 3600 }} {{ humanizeDuration 93784 }}',
      '0s 59.9s 1h 0m 0s 1d 2h 3m 4s',
    ],
    [
      '{{ humanizeDuration -61 }} {{ humanizeDuration 0.0001 }} {{ humanizeDuration "90" }}',
      '-1m 1s 100us 1m 30s',
    ],
    ['{{ humanizePercentage 0.1234567 }} {{ 1 | humanizePercentage }}', '12.35% 100%'],
    ['{{ 1435065584.128 | humanizeTimestamp }}', '2015-06-23 13:19:44.128 +0000 UTC'],
    ['{{ (toTime 1435065584.0).Format "Mon, 02 Jan 2006 15:04:05 MST" }}', 'Tue, 23 Jun 2015 13:19:44 UTC'],
    [
      '{{ (toTime 1435065584.0).Year }} {{ (toTime 1435065584.0).Format "2/1/06 3:04PM .000" }}',
      '2015 23/6/15 1:19PM .000',
    ],
    ['{{ toDuration 5400.5 }} {{ (toDuration 90).Minutes }} {{ toDuration 0.25 }}', '1h30m0.5s 1.5 250ms'],
    ['{{ parseDuration "1h2m10ms" }}', '3720.01'],
    ['{{ "aa bb_cc d\'e" | title }} {{ "Ab" | toUpper }} {{ "Ab" | toLower }}', "Aa Bb_cc D'e AB ab"],
    ['{{ stripPort "h:80" }} {{ stripPort "[::1]:80" }} {{ stripPort "h" }}', 'h ::1 h'],
    [
      '{{ stripDomain "a.b.c:80" }} {{ stripDomain "1.2.3.4:80" }} {{ stripDomain "a.b" }}',
      'a:80 1.2.3.4:80 a',
    ],
    ['{{ match "^o.*s$" "orders" }} {{ match "x" "orders" }}', 'true false'],
    ['{{ reReplaceAll "(\\\\w+)=(?P<v>\\\\w+)" "$2:${1}:${v}$$" "a=b c=d" }}', 'b:a:b$ d:c:d$'],
    ['{{ urlQueryEscape "a b/ü*" }} {{ safeHtml "<b>" }}', 'a+b%2F%C3%BC%2A <b>'],
  ])('%s → %s', ([text, expected]) => {
    expect(expand(text)).toBe(expected)
  })
})

describe('what is refused', () => {
  test.for<[string, string]>([
    ['{{ $x }}', '1:4: undefined variable "$x"'],
    ['a\n{{ nope 1 }}', '2:4: function "nope" not defined'],
    ['{{ if 1 }}', 'unexpected EOF: an {{end}} is missing'],
    ['{{ end }}', 'unexpected {{end}}'],
    ['{{ 1', 'unclosed action'],
    ['{{ "a }}', 'unterminated quoted string'],
    ['{{ }}', 'missing value for command'],
    ['{{ /* x }}', 'unclosed comment'],
    ['{{ break }}', '{{break}} outside {{range}}'],
    ['{{ (1 }}', 'unclosed left paren'],
    ['{{ "a" | 1 }}', 'non executable command in pipeline stage 2'],
    ['{{ .a$b }}', 'bad character "$"'],
    ['{{ .name.x }}', "can't evaluate field x in type string"],
    ['{{ eq 1 1.0 }}', 'incompatible types for comparison: int and float64'],
    ['{{ index .list 3 }}', 'index out of range: 3 of 3'],
    ['{{ toUpper 1 }}', 'wrong type for value; expected string; got int'],
    ['{{ toUpper "a" "b" }}', 'wrong number of args: want 1 got 2'],
    ['{{ template "none" }}', 'template "none" not defined'],
    ['{{ range 5.5 }}{{ end }}', "range can't iterate over 5.5"],
    ['{{ match "(" "a" }}', 'error calling match'],
    ['{{ "x" 1 }}', "can't give argument to non-function"],
    ['{{ range 1000000 }}{{ end }}', 'more than 100000 steps'],
    [
      '{{ range 2000 }}{{ "0123456789012345678901234567890123456789" }}{{ end }}',
      'longer than the limit of 65536',
    ],
    ['{{ define "r" }}{{ template "r" }}{{ end }}{{ template "r" }}', 'more than 100 deep'],
  ])('%s: %s', ([text, message]) => {
    let error: unknown
    try {
      expand(text)
    } catch (caught) {
      error = caught
    }

    expect(error).toBeInstanceOf(TemplateError)
    const { line, column, message: said } = error as TemplateError
    expect(`${line}:${column}: ${said}`).toContain(message)
  })
})

test('a name from the prototype chain is no function, variable, field or key', () => {
  for (const text of [
    '{{ constructor }}',
    '{{ $__proto__ }}',
    '{{ (toTime 1).constructor }}',
    '{{ (toTime 1).toString }}',
  ]) {
    expect(() => expand(text)).toThrow(TemplateError)
  }
  expect(expand('{{ .constructor }}{{ .labels.__proto__ }}')).toBe('')
})

test('any text expands or fails with a TemplateError', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    ' -}}',
    'if',
    'range',
    'end',
    'else',
    '.',
    '.name',
    '$',
    '$x',
    ':=',
    '|',
    '(',
    ')',
    '"a"',
    '1',
    ' ',
    '\n',
    'printf',
    'with',
    'define',
    "'",
    '`',
    '/*',
    '*/',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
  )
  fc.assert(
    fc.property(text, (written) => {
      try {
        expand(written)
      } catch (error) {
        expect(error).toBeInstanceOf(TemplateError)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('text without braces is itself', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('{{')),
      (text) => {
        expect(expand(text)).toBe(text)
      },
    ),
  )
})
