// One line of a CSV file → its fields. What S3 exports has a field a column, quoted or not, and no line breaks inside.

/** Undefined where a quote is never closed or something follows one: then the line cannot be trusted. */
export function fieldsOf(line: string): readonly string[] | undefined {
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (line[at] === '"') {
      let text = ''
      for (;;) {
        const end = line.indexOf('"', at + 1)
        if (end < 0) return undefined
        text += line.slice(at + 1, end)
        at = end + 1
        // A doubled quote is a quote.
        if (line[at] !== '"') break
        text += '"'
      }
      fields.push(text)
      if (at < line.length && line[at] !== ',') return undefined
    } else {
      const end = line.indexOf(',', at)
      fields.push(line.slice(at, end < 0 ? line.length : end))
      at = end < 0 ? line.length : end
    }
    if (at >= line.length) return fields
    at += 1
  }
}
