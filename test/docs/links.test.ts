// Links in the documents lead to files and headings that are there, and the metrics that the documents name exist.
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { describe as define } from '../../src/agent/metrics.ts'

const root = path.resolve(import.meta.dirname, '../..')
const documents = [
  'README.md',
  'CHANGELOG.md',
  'examples/README.md',
  ...fs.globSync('docs/**/*.md', { cwd: root }),
].toSorted()

/** A label of kept alerts, and a table in an example of SQL. */
const NO_METRICS = new Set(['tidemark_no_data', 'tidemark_run'])

test.for(documents)('%s', (file) => {
  const text = fs.readFileSync(path.join(root, file), 'utf8')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!)
  const missing = links
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !leads(path.resolve(root, file), target))
  const names = [...text.matchAll(/\btidemark_[a-z0-9_]+[a-z0-9]\b(?!\.\+|_)/g)].map(([name]) => name)

  expect(missing).toEqual([])
  expect(names.filter((name) => define(name) === undefined && !NO_METRICS.has(name))).toEqual([])
})

function leads(from: string, target: string): boolean {
  const [file = '', heading] = target.split('#')
  const to = file === '' ? from : path.resolve(path.dirname(from), file)
  if (heading === undefined || !fs.existsSync(to)) return fs.existsSync(to)
  return headingsOf(fs.readFileSync(to, 'utf8')).includes(heading)
}

/** As GitHub names them. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
