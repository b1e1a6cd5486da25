// The configuration: YAML → Config, strict, every error with its line. The only reader of the config file.
import fs from 'node:fs'
import path from 'node:path'
import { z } from 'zod'
import { AdviseConfig } from '../advisors/advisors.ts'
import { collectors } from '../collectors/index.ts'
import { ConfigError } from '../model/errors.ts'
import { Config as Expect } from '../expect/expect.ts'
import { NotifyConfig } from '../notify/notify.ts'
import { DAY, HOUR, MINUTE, type Millis, SECOND, millis, printDuration } from '../model/units.ts'
import { Duration } from '../model/fields.ts'
import { ApiConfig } from './api.ts'
import { TelemetryConfig } from './telemetry.ts'
import { type SecretSources, parseYaml } from './yaml.ts'

export { type ApiConfig, listenParts } from './api.ts'
export { SHIPPED_RULES, readRuleFiles } from './rule-files.ts'
export type { SecretSources } from './yaml.ts'

const Name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'expected a name of letters, digits, _ . - (at most 63)')

const POLLED_EVERY = MINUTE

/** What every source block has beside its collector's own fields. */
const identity = (every: Millis) => ({
  name: Name.describe('A short name; becomes the label `source` and stays in history.'),
  every: Duration(SECOND).prefault(printDuration(every)).describe('How often the source is polled.'),
})

const [first, ...rest] = collectors.map((collector) =>
  collector.Config.extend({
    type: z.literal(collector.type),
    ...identity(collector.every ?? POLLED_EVERY),
  }),
)
const SourceBlock = z.discriminatedUnion('type', [first!, ...rest])

export const Config = z.strictObject({
  state: z.string().min(1).prefault('.tidemark').describe('The one directory that holds all state.'),
  log: z.enum(['debug', 'info', 'warn', 'error', 'silent']).prefault('info'),
  resolution: Duration(SECOND)
    .prefault('1m')
    .describe('How often what is known becomes samples; also the step of stored history.'),
  api: ApiConfig.prefault({}),
  retention: z
    .strictObject({
      // What a change of a bucket saved is measured over two months.
      samples: Duration(DAY).prefault('75d'),
      commits: Duration(DAY).prefault('400d'),
      // The ledger trusts that a run of the last thirty days is remembered.
      runs: Duration(millis(30 * DAY)).prefault('90d'),
    })
    .prefault({}),
  expect: Expect.prefault([]).describe(
    'What is expected of tables and pipelines; of several that match the last counts.',
  ),
  rules: z
    .array(z.string().min(1))
    .optional()
    .describe('Globs of Prometheus rule files; the rules that come with Tidemark where it is absent.'),
  query: z
    .strictObject({
      url: z.url().describe('A Prometheus-compatible service that answers the rules’ queries.'),
    })
    .optional(),
  advise: AdviseConfig.prefault({}).describe('What to change and what it saves.'),
  notify: NotifyConfig.describe('Who is told of alerts: the words of Alertmanager.'),
  notify_file: z
    .string()
    .min(1)
    .optional()
    .describe('An alertmanager.yml that is used as it is, instead of `notify`.'),
  telemetry: TelemetryConfig.prefault({}).describe('How Tidemark tells others what it knows.'),
  sources: z
    .array(SourceBlock)
    .min(1, 'expected at least one source')
    .superRefine((sources, context) => {
      for (const [i, source] of sources.entries()) {
        if (sources.findIndex((other) => other.name === source.name) < i) {
          context.addIssue({
            code: 'custom',
            path: [i, 'name'],
            message: `the name ${source.name} is used twice`,
          })
        }
      }
    }),
})
export type Config = z.output<typeof Config>
export type SourceConfig = Config['sources'][number]

export interface LoadedConfig {
  readonly config: Config
  /** `notify`, or what the file that it names says. */
  readonly notify: NotifyConfig
  /** The folder of the config file: relative paths in it start there. */
  readonly base: string
  readonly file: string
  /** The effective config as YAML-ready values, secrets hidden. */
  readonly printable: unknown
}

const processSecrets: SecretSources = {
  env: (name) => process.env[name],
  file: (name) => fs.readFileSync(name, 'utf8'),
}

/** Reads and checks a config file. Throws ConfigError with `file:line:column: what was expected`. */
export function loadConfig(file: string, secrets: SecretSources = processSecrets): LoadedConfig {
  return parseConfig(file, readConfigText(file), secrets)
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder; name the file in it',
  EACCES: 'permission denied; give the user that Tidemark runs as read access',
}

function readConfigText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? UNREADABLE[String(error.code)] : undefined
    const what = `Could not read the config file ${file}`
    throw why === undefined ? new ConfigError(what, { cause: error }) : new ConfigError(`${what}: ${why}`)
  }
}

export function parseConfig(file: string, text: string, secrets: SecretSources): LoadedConfig {
  const yaml = parseYaml(file, text, secrets)
  const result = Config.safeParse(yaml.value ?? {})
  if (!result.success) throw yaml.explain(result.error, configJsonSchema())
  const base = path.dirname(path.resolve(file))
  return {
    config: withPriceList(result.data),
    notify: notifyOf(result.data, base),
    base,
    file,
    printable: hide(z.encode(Config, result.data), yaml.secrets),
  }
}

/** The source that `advise.prices.refresh` asks for, unless it is configured. */
function withPriceList(config: Config): Config {
  const { refresh, region } = config.advise.prices
  const type = 'aws-pricing' as const
  if (!refresh || config.sources.some((source) => source.type === type)) return config
  if (config.sources.some(({ name }) => name === type))
    throw new ConfigError(`advise.prices.refresh: the name ${type} is taken by a source; rename that source`)
  return { ...config, sources: [...config.sources, { name: type, type, every: HOUR, region }] }
}

function notifyOf({ notify, notify_file: named }: Config, base: string): NotifyConfig {
  if (named === undefined) return notify
  const file = path.resolve(base, named)
  return parseNotifyConfig(file, readConfigText(file))
}

/** An alertmanager.yml as it is. Throws ConfigError with `file:line:column` for each thing that is wrong. */
export function parseNotifyConfig(file: string, text: string): NotifyConfig {
  const yaml = parseYaml(file, text, null)
  const result = NotifyConfig.safeParse(yaml.value ?? undefined)
  if (result.success) return result.data
  throw yaml.explain(result.error, jsonSchema(NotifyConfig))
}

function hide(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string')
    return secrets.reduce((text, secret) => text.replaceAll(secret, '<redacted>'), value)
  if (Array.isArray(value)) return value.map((item) => hide(item, secrets))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hide(item, secrets)]))
}

/** JSON Schema (draft 2020-12) of the config file, for editors. */
export const configJsonSchema = (): unknown => jsonSchema(Config)

const jsonSchema = (of: z.ZodType): unknown => z.toJSONSchema(of, { io: 'input', unrepresentable: 'any' })
