// How a table's page says things: a label and a text, headings between them.
import { EMPTY, type Line, fit, line, span } from '../line.ts'

export const LABEL = 12

export const said = (label: string, text: string): Line => line(span(fit(label, LABEL), 'dim'), text)
export const heading = (text: string, more = ''): Line[] => [
  EMPTY,
  line(span(text, 'title'), ...(more === '' ? [] : [span(`  ${more}`, 'dim')])),
]
