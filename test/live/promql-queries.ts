// The queries of the live comparison, made by rule: every function, operator, modifier and matching of Prometheus 2.42.

const MATH =
  'abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sqrt tan tanh'.split(
    ' ',
  )
const CALENDAR = 'day_of_month day_of_week day_of_year days_in_month hour minute month year'.split(' ')
const OVER_TIME =
  'absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time'.split(
    ' ',
  )
const OTHER =
  'absent clamp clamp_max clamp_min histogram_quantile holt_winters label_join label_replace pi predict_linear quantile_over_time round scalar sort sort_desc time timestamp vector'.split(
    ' ',
  )
const AGGREGATES = 'sum avg count min max group stddev stdvar'.split(' ')
const WITH_PARAM = 'topk bottomk quantile count_values'.split(' ')
const ARITHMETIC = '+ - * / % ^ atan2'.split(' ')
const COMPARISON = '== != < <= > >='.split(' ')

export const FUNCTIONS_OF_2_42 = [...MATH, ...CALENDAR, ...OVER_TIME, ...OTHER, ...AGGREGATES, ...WITH_PARAM]
export const CLAUSES = [
  ...[...ARITHMETIC, ...COMPARISON, 'and', 'or', 'unless'].map((op) => ` ${op} `),
  ...COMPARISON.map((op) => ` ${op} bool `),
  ' on(',
  ' ignoring(',
  ' group_left',
  ' group_right',
  ' by (',
  ' without (',
  ' offset ',
  ' offset -',
  ' @ ',
  '@ start()',
  '@ end()',
  ':30s]',
  ':]',
  '=~',
  '!~',
  '!=',
]

const GAUGES = ['temperature', 'gappy', 'special', 'temperature{job="api"}']
const WINDOWS = ['1m', '5m', '17m', '1h']

export function queries(): string[] {
  return [
    ...new Set([...selectors(), ...functions(), ...ranges(), ...aggregations(), ...binaries(), ...nested()]),
  ]
}

function selectors(): string[] {
  const plain = [
    'up',
    'requests_total{job="api"}',
    'requests_total{job!="api",code="500"}',
    '{__name__=~"temp.*|up"}',
    'requests_total{instance=~"[01]"}',
    'requests_total{instance!~"1|2"}',
    'requests_total{code=~"5.."}',
    'temperature{missing=""}',
    'temperature{job=~"(?i)API"}',
    'gappy',
    'nothing_of_the_kind',
    '{job="web",__name__="up"}',
  ]
  const modified = [
    'offset 5m',
    'offset -7m',
    '@ 1700003333',
    '@ start()',
    '@ end()',
    '@ 1700004444 offset 3m',
    'offset 1h30m',
  ]
  return [
    ...plain,
    ...['temperature', 'gappy'].flatMap((name) => modified.map((modifier) => `${name} ${modifier}`)),
  ]
}

function functions(): string[] {
  return [
    ...MATH.flatMap((name) => [...GAUGES, 'fraction'].slice(0, 5).map((of) => `${name}(${of})`)),
    ...CALENDAR.flatMap((name) => [`${name}()`, `${name}(moment)`, `${name}(vector(1709164800))`]),
    ...GAUGES.flatMap((of) => [
      `clamp(${of}, -5, 7)`,
      `clamp(${of}, 7, -5)`,
      `clamp_max(${of}, 3)`,
      `clamp_min(${of}, scalar(fraction))`,
      `round(${of})`,
      `round(${of}, 0.25)`,
      `timestamp(${of})`,
      `timestamp(-${of})`,
      `absent(${of})`,
      `scalar(${of}{instance="0"})`.replace('}{', ','),
      `label_replace(${of}, "new", "$1-x", "job", "(a.*)")`,
      `label_replace(${of}, "job", "", "job", ".*") `.trim(),
      `label_join(${of}, "both", "/", "job", "instance")`,
    ]),
    'absent(nothing{a="b",c=~"d"})',
    'absent(nothing{a="b",a="c"})',
    'vector(time())',
    'time()',
    'pi()',
    'vector(1) + 2',
    '1 + 2 * 3 ^ 2',
    'scalar(fraction) * 2',
    '-2 ^ 2',
    'sort(temperature)',
    'sort_desc(temperature)',
    'sort_desc(special)',
    'sort(gappy)',
    'topk(3, temperature)',
    'bottomk(2, gappy)',
    ...['-0.1', '0', '0.1', '0.5', '0.9', '0.99', '1', '1.5'].flatMap((q) => [
      `histogram_quantile(${q}, latency_bucket)`,
      `histogram_quantile(${q}, sum by (le, job) (rate(latency_bucket[5m])))`,
      `quantile_over_time(${q}, gappy[17m])`,
      `quantile(${q}, temperature)`,
      `quantile by (job) (${q}, gappy)`,
    ]),
  ]
}

function ranges(): string[] {
  const of = ['requests_total', 'temperature', 'gappy{job="web"}', 'special']
  return [
    ...OVER_TIME.flatMap((name) =>
      of.flatMap((series, i) => [
        `${name}(${series}[${WINDOWS[i]}])`,
        `${name}(${series}[${WINDOWS[(i + 1) % 4]}])`,
      ]),
    ),
    ...['rate', 'sum_over_time', 'max_over_time'].flatMap((name) => [
      `${name}(requests_total[5m] offset 10m)`,
      `${name}(requests_total[5m] offset -3m)`,
      `${name}(requests_total[7m] @ 1700004321)`,
      `${name}(requests_total[7m] @ end() offset 11m)`,
      `${name}(requests_total{code="200"}[5m] @ start())`,
    ]),
    ...['300', '-600', '3600'].flatMap((ahead) => [
      `predict_linear(temperature[10m], ${ahead})`,
      `predict_linear(gappy[30m], ${ahead})`,
    ]),
    'predict_linear(temperature[10m], scalar(moment) - time())',
    'holt_winters(temperature[10m], 0.3, 0.6)',
    'holt_winters(requests_total[20m], 0.9, 0.1)',
    'absent_over_time(nothing{x="y"}[5m])',
    'deriv(temperature[10m]) * 60',
  ]
}

function aggregations(): string[] {
  const grouped = [
    '',
    ' by (job)',
    ' by (job, code)',
    ' without (instance)',
    ' by (missing)',
    ' without (job, code)',
  ]
  return [
    ...AGGREGATES.flatMap((op) =>
      grouped.flatMap((by) => [`${op}${by} (requests_total)`, `${op}${by} (gappy)`]),
    ),
    ...AGGREGATES.map((op) => `${op} (special)`),
    ...AGGREGATES.map((op) => `${op} by (instance) (rate(requests_total[5m]))`),
    ...['topk', 'bottomk'].flatMap((op) => [
      `${op} by (job) (1, temperature)`,
      `${op} without (instance) (2, gappy)`,
      `${op} (0, temperature)`,
      `${op} (99, gappy)`,
      `count (${op} by (code) (2, rate(requests_total[5m])))`,
    ]),
    'count_values("value", up)',
    'count_values by (job) ("value", up)',
    'count_values without (instance) ("v", round(temperature))',
    'count_values("job", up)',
  ]
}

function binaries(): string[] {
  const left = 'requests_total{code="200"}'
  const right = 'requests_total{code="500"}'
  return [
    ...ARITHMETIC.flatMap((op) => [
      `temperature ${op} 3`,
      `3 ${op} temperature`,
      `temperature ${op} gappy`,
      `${left} ${op} on(job, instance) ${right}`,
      `${left} ${op} ignoring(code) ${right}`,
      `requests_total ${op} on(job) group_left job_info`,
      `job_info ${op} on(job) group_right (tier) up`,
      `special ${op} special`,
      `7 ${op} 4`,
      `temperature ${op} time()`,
    ]),
    ...COMPARISON.flatMap((op) => [
      `temperature ${op} 3`,
      `3 ${op} temperature`,
      `temperature ${op} bool 3`,
      `3 ${op} bool temperature`,
      `temperature ${op} gappy`,
      `temperature ${op} bool gappy`,
      `${left} ${op} ignoring(code) ${right}`,
      `${left} ${op} bool on(job, instance) ${right}`,
      `up ${op} on(job) group_left (team) job_info`,
      `special ${op} special`,
      `1 ${op} bool 2`,
    ]),
    ...['and', 'or', 'unless'].flatMap((op) => [
      `temperature ${op} gappy`,
      `temperature ${op} on(job) job_info{tier="gold"}`,
      `requests_total ${op} on(job, instance) (up == 1)`,
      `requests_total ${op} ignoring(code) (gappy > 0)`,
      `gappy ${op} (temperature > 5)`,
      `rate(requests_total[5m]) ${op} gappy`,
      `(temperature > 0) ${op} (temperature < 10)`,
      `up ${op} on() vector(1)`,
    ]),
    'requests_total * on(job) group_left (team, tier) job_info',
    'requests_total + on(instance) up',
    'requests_total + up',
    'sum by (job) (requests_total) / on(job) group_left sum by (job) (up)',
    'sum by (job) (requests_total{code="500"}) / sum by (job) (requests_total)',
    '-temperature',
    '+temperature',
    '-temperature ^ 2',
    '2 ^ 3 ^ 2',
    '1 / 0 - 1 / 0',
    'temperature > 0 < 10',
  ]
}

function nested(): string[] {
  const outer =
    'avg_over_time max_over_time min_over_time sum_over_time count_over_time last_over_time stddev_over_time deriv rate changes'.split(
      ' ',
    )
  return [
    ...outer.flatMap((name) => [
      `${name}(rate(requests_total[5m])[17m:30s])`,
      `${name}(temperature[13m:])`,
      `${name}(sum by (job) (gappy)[20m:45s] offset 2m)`,
    ]),
    'max_over_time(rate(requests_total[5m])[17m:30s] @ 1700005005)',
    'sum_over_time(temperature[13m:30s] @ end() offset 1m)',
    'avg_over_time(temperature[13m:30s] @ start())',
    'quantile_over_time(0.7, max_over_time(temperature[2m])[21m:30s])',
    'max_over_time(min_over_time(temperature[3m])[10m:30s]) - on(job, instance) min_over_time(temperature[10m])',
    'sum(rate(requests_total[5m])) by (job) > bool 1',
    'histogram_quantile(0.9, sum without (instance) (rate(latency_bucket[10m])))',
    'label_replace(sum by (job) (up), "where", "in $1", "job", "(.+)")',
    'topk(1, sum by (job) (rate(requests_total[5m])))',
    'sum(up) / count(up) * 100',
    'absent(sum(nothing))',
    'sort_desc(sum by (instance) (requests_total))',
    'scalar(sum(up)) + vector(1)',
    'count({job="api"})',
    'group by (__name__) ({job="web"})',
    '(temperature offset 5m) - temperature',
    'temperature - temperature offset 5m',
  ]
}
