// What the documents tell people to type is taken: every YAML of a configuration is one, every command and option exists.
import fs from 'node:fs'
import path from 'node:path'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { adviseCommand } from '../../src/commands/advise.ts'
import { alertsCommand } from '../../src/commands/alerts.ts'
import type { Shell } from '../../src/commands/command.ts'
import { configCommand } from '../../src/commands/config.ts'
import { doctorCommand } from '../../src/commands/doctor.ts'
import { queryCommand } from '../../src/commands/query.ts'
import { rulesCommand } from '../../src/commands/rules.ts'
import { runCommand } from '../../src/commands/run.ts'
import { scanCommand } from '../../src/commands/scan.ts'
import { topCommand } from '../../src/commands/top.ts'
import { configJsonSchema, parseConfig } from '../../src/config/config.ts'

const root = path.resolve(import.meta.dirname, '../..')
const documents = ['README.md', ...fs.globSync('docs/**/*.md', { cwd: root })].toSorted()
const texts = documents.map((file) => ({ file, text: fs.readFileSync(path.join(root, file), 'utf8') }))

const FIELDS = new Set(Object.keys((configJsonSchema() as { properties: object }).properties))
/** Long enough for a token, and a hash where one is wanted. */
const SECRET = '$2y$10$abcdefghijklmnopqrstuuTVVw0x3JkFb6QeNU.kPG1pYyGdVuwPi'
const LEAST = { state: '.tidemark', sources: [{ name: 'jobs', type: 'push' }] }

const snippets = texts.flatMap(({ file, text }) =>
  [...text.matchAll(/```yaml\n([\s\S]*?)```/g)]
    .map(([, yaml]) => ({ file, value: parse(yaml!) as Record<string, unknown> }))
    .filter(({ value }) => Object.keys(value).every((field) => FIELDS.has(field)))
    .map(({ value }, i) => ({ name: `${file}, configuration ${i + 1}`, value })),
)

test.for(snippets)('$name', ({ value }) => {
  const whole = stringify({ ...LEAST, ...value })

  const { config } = parseConfig('tidemark.yaml', whole, {
    env: () => SECRET,
    file: () => SECRET,
  })

  expect(config.sources.length).toBeGreaterThan(0)
})

test('there are configurations to try', () => {
  expect(snippets.length).toBeGreaterThan(8)
})

const program = new Command('tidemark')
const shell: Shell = { program, version: '0', finish: () => undefined }
const parts = [
  adviseCommand,
  alertsCommand,
  configCommand,
  doctorCommand,
  queryCommand,
  rulesCommand,
  runCommand,
  scanCommand,
  topCommand,
]
for (const part of parts) part(shell)

test.for(texts)('commands of $file', ({ text }) => {
  expect(typed(text).flatMap(complaints)).toEqual([])
})

test('there are commands to try', () => {
  expect(texts.flatMap(({ text }) => typed(text)).length).toBeGreaterThan(40)
})

/** Words after `tidemark`, of lines of code and of code within sentences. */
function typed(text: string): string[][] {
  const blocks = [...text.matchAll(/```(?:bash|sh)?\n([\s\S]*?)```/g)].flatMap(([, code]) =>
    code!.split('\n'),
  )
  const spans = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!)
  return [...blocks, ...spans].flatMap((line) => {
    const [, rest] =
      /^(?:\$ )?(?:tidemark|npm run (?:-s )?tidemark --) ([a-z].*)$/.exec(line.replace(/ +#.*$/, '')) ?? []
    return rest === undefined ? [] : [rest.replaceAll(/[[\]]/g, ' ').split(/\s+/).filter(Boolean)]
  })
}

/** What of the words no command takes. `a|b` names several. */
function complaints(words: readonly string[]): string[] {
  const [first = '', ...rest] = words
  return first.split('|').flatMap((name) => {
    const command = program.commands.find((one) => one.name() === name)
    if (command === undefined) return [`no command ${name}`]
    const below = command.commands.length > 0 ? rest[0] : undefined
    if (below === undefined || !/^[a-z|-]+$/.test(below)) return options(command, rest)
    return below.split('|').flatMap((sub) => {
      const found = command.commands.find((one) => one.name() === sub)
      return found === undefined ? [`no command ${name} ${sub}`] : options(found, rest.slice(1), true)
    })
  })
}

/** Of commands that are named together each takes some of the options. */
function options(command: Command, words: readonly string[], together = false): string[] {
  const known = new Set(command.options.flatMap(({ long, short }) => [long, short]))
  const siblings = together ? (command.parent?.commands ?? []) : []
  for (const { options: theirs } of siblings) for (const { long, short } of theirs) known.add(long).add(short)
  return words
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.split('=')[0]!)
    .filter((word) => word !== '--help' && !known.has(word))
    .map((word) => `${command.name()} has no option ${word}`)
}
