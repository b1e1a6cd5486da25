// The signatures of PromQL's functions: what the checker holds calls against.
import type { ValueType } from './ast.ts'

export interface Signature {
  readonly args: readonly ValueType[]
  /** How often the last argument may be left out or repeated: 0 never, -1 without end. */
  readonly variadic: number
  readonly returns: ValueType
}

const vectorToVector =
  'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count histogram_sum histogram_stddev histogram_stdvar ln log10 log2 rad sgn sin sinh sort sort_desc sqrt start_timestamp tan tanh timestamp'
const matrixToVector =
  'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time'
const calendar = 'day_of_month day_of_week day_of_year days_in_month hour minute month year'
const ofTheQuery = 'end pi range start step time'

const each = (names: string, args: readonly ValueType[], returns: ValueType, variadic = 0) =>
  names.split(' ').map((name): [string, Signature] => [name, { args, variadic, returns }])

export const FUNCTIONS: ReadonlyMap<string, Signature> = new Map([
  ...each(vectorToVector, ['vector'], 'vector'),
  ...each(matrixToVector, ['matrix'], 'vector'),
  ...each(calendar, ['vector'], 'vector', 1),
  ...each(ofTheQuery, [], 'scalar'),
  ...each('clamp', ['vector', 'scalar', 'scalar'], 'vector'),
  ...each('clamp_max clamp_min', ['vector', 'scalar'], 'vector'),
  ...each('round', ['vector', 'scalar'], 'vector', 1),
  ...each('histogram_fraction', ['scalar', 'scalar', 'vector'], 'vector'),
  ...each('histogram_quantile', ['scalar', 'vector'], 'vector'),
  ...each('histogram_quantiles', ['vector', 'string', 'scalar', 'scalar'], 'vector', 9),
  ...each('double_exponential_smoothing', ['matrix', 'scalar', 'scalar'], 'vector'),
  ...each('predict_linear', ['matrix', 'scalar'], 'vector'),
  ...each('quantile_over_time', ['scalar', 'matrix'], 'vector'),
  ...each('info', ['vector', 'vector'], 'vector', 1),
  ...each('label_replace', ['vector', 'string', 'string', 'string', 'string'], 'vector'),
  ...each('label_join', ['vector', 'string', 'string', 'string'], 'vector', -1),
  ...each('sort_by_label sort_by_label_desc', ['vector', 'string'], 'vector', -1),
  ...each('max_of min_of', ['scalar', 'scalar'], 'scalar'),
  ...each('scalar', ['vector'], 'scalar'),
  ...each('vector', ['scalar'], 'vector'),
])
