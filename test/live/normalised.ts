// A captured screen without what is different each time: times, ages, measured values, ports, ids, and the columns' widths that follow.
const VARIES: ReadonlyArray<readonly [RegExp, string]> = [
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT'],
  [/tidemark-top-\w{6}/g, 'tidemark-top-TMP'],
  [/\b[0-9a-f]{12,}\b/g, 'ID'],
  [/\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?Z?/g, 'TIME'],
  [/\d+(\.\d+)? (d|h|min|s|ms)\b( \d+ (h|min|s)\b)?/g, 'AGE'],
  [/(now|AGE old)$/gm, 'FRESH'],
  [/[▁▂▃▄▅▆▇█]+/g, 'BARS'],
  // Marks on a line of time.
  [/^( +\w+) [■│▲✖△! ]+$/gm, '$1  MARKS'],
  // Its legend names the marks that are not under another.
  [/│ now .*$/gm, '│ now …'],
  // Where fields of a log record are cut depends on the width of its age.
  [/ \w+=[^…\n]*…$/gm, ' …'],
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
]
/** What a source was asked and gave, below the tabs. */
const COUNTS = /(?<=\n.*\n[^]*)\b\d[\d.,]*( [KM]iB| B)?(?= |$)/gm

export function normalised(capture: string, countsVary: boolean): string {
  const text = VARIES.reduce((left, [pattern, name]) => left.replaceAll(pattern, name), capture)
  return countsVary ? text.replaceAll(COUNTS, 'N') : text
}
