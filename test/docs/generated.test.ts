// References made from the code: this test proves them fresh, `npm run golden` writes them anew.
import { expect, test } from 'vitest'
import { metrics } from '../../src/agent/metrics.ts'
import { configJsonSchema } from '../../src/config/config.ts'
import { BINDINGS, SCREENS, spellKeys } from '../../src/tui/tui.ts'

interface Schema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly anyOf?: readonly Schema[]
  readonly additionalProperties?: Schema | false
}

const schema = configJsonSchema() as Schema

test('docs/config.schema.json is what the code accepts', async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../../docs/config.schema.json')
})

test('docs/metrics.md lists every metric', async () => {
  const rows = metrics.map(
    ({ name, type, unit, labels, help }) =>
      `| \`${name}\` | ${type} | ${unit || '-'} | ${labels.map((label) => `\`${label}\``).join(', ') || '-'} | ${help} |`,
  )
  const text = `# Metrics

Made from \`src/catalogue\` by \`npm run golden\`; \`/metrics\` and \`/api/v1/metadata\` say the same.
A value that is unknown is absent, never 0.

| name | type | unit | labels | what it is |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
  await expect(text).toMatchFileSnapshot('../../docs/metrics.md')
})

test('docs/keys.md lists every key and screen of the terminal UI', async () => {
  const keys = BINDINGS.map((binding) => `| \`${spellKeys(binding)}\` | ${binding.does} | ${binding.group} |`)
  const screens = SCREENS.map(
    ({ name, about, tab }) => `| \`${name}\` | ${about} | ${tab ? '' : 'reached from a row'} |`,
  )
  const text = `# The terminal UI

Made from \`src/tui/keys.ts\` and \`src/tui/screens.ts\` by \`npm run golden\`. \`tidemark top [screen]\` starts it on a running daemon;
\`--once\` prints a screen as text, \`--json\` its rows, and the exit code is 0 where all is well, 1 for a warning, 2 for something bad.

| key | does | group |
| --- | --- | --- |
${keys.join('\n')}

| screen | shows | |
| --- | --- | --- |
${screens.join('\n')}
`
  await expect(text).toMatchFileSnapshot('../../docs/keys.md')
})

test('docs/configuration.md lists every field', async () => {
  const lines = fields(schema, '')
  const text = `# Configuration

Made from the schema of \`src/config\` by \`npm run golden\`. The file is YAML and strict: an unknown field is an error that
names its line. \`\${env:X}\` and \`\${file:/run/secrets/x}\` stand for secrets anywhere in a text. Durations are
Prometheus's (\`30s\`, \`5m\`, \`1h30m\`, \`7d\`). Editors complete and check with \`docs/config.schema.json\`:
\`# yaml-language-server: $schema=docs/config.schema.json\` as the first line.

| field | type | default | what it is |
| --- | --- | --- | --- |
${lines.join('\n')}
`
  await expect(text).toMatchFileSnapshot('../../docs/configuration.md')
})

function fields(of: Schema, path: string): string[] {
  return Object.entries(of.properties ?? {}).flatMap(([name, field]) => {
    const here = path === '' ? name : `${path}.${name}`
    const row = `| \`${here}\` | ${typeOf(field)} | ${field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``} | ${field.description ?? ''} |`
    const variants =
      field.items?.oneOf ?? field.items?.anyOf ?? (field.items?.properties ? [field.items] : [])
    const below = variants.flatMap((variant) => {
      const type = variant.properties?.['type']?.const
      return fields(variant, `${here}[${typeof type === 'string' ? type : ''}]`)
    })
    return [row, ...below, ...fields(field, here)]
  })
}

function typeOf(field: Schema): string {
  if (field.const !== undefined) return `\`${JSON.stringify(field.const)}\``
  if (field.enum) return field.enum.map((value) => `\`${String(value)}\``).join(' or ')
  if (field.type === 'array') return `list of ${field.items?.type ?? 'one of several kinds'}`
  return field.type ?? 'one of several kinds'
}
