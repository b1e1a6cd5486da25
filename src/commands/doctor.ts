// `tidemark doctor`: can every source and receiver be reached from here, what is missing, and what AWS must allow.
import type { LoadedConfig } from '../config/config.ts'
import { type ExitCode, type Shell, print } from './command.ts'
import type { Finding } from './reach.ts'

/** A source that does not answer within this is not reached. */
const PATIENCE_MS = 20_000

interface Options {
  readonly config: string
  readonly json?: true
  readonly policy?: true
}

export function doctorCommand({ program, finish }: Shell): void {
  program
    .command('doctor')
    .description('can every source and receiver be reached from here, and what does AWS have to allow')
    .requiredOption('-c, --config <file>', 'the configuration file')
    .option('--policy', 'only print the IAM policy; nothing is asked')
    .option('--json', 'print findings and policy as JSON')
    .action(async (options: Options) => finish(await examine(options)))
}

async function examine({ config: file, json, policy: onlyPolicy }: Options): Promise<ExitCode> {
  const { loadConfig } = await import('../config/config.ts')
  const { loadRules } = await import('../agent/agent.ts')
  const { policyOf } = await import('./iam-policy.ts')
  const loaded = loadConfig(file)
  loadRules(loaded)
  const policy = policyOf(loaded)
  if (onlyPolicy) {
    print(`${JSON.stringify(policy ?? {}, null, 2)}\n`)
    return 0
  }
  const findings = await ask(loaded)
  if (json) print(`${JSON.stringify({ findings, policy }, null, 2)}\n`)
  else {
    print(findings.map(line).join(''))
    if (policy !== null) {
      print(`\nThe least that AWS must allow (an IAM policy):\n${JSON.stringify(policy, null, 2)}\n`)
    }
  }
  return findings.some(({ state }) => state === 'bad') ? 1 : 0
}

async function ask({ config, notify, base }: LoadedConfig): Promise<readonly Finding[]> {
  const { reachReceiver, reachSource } = await import('./reach.ts')
  const { systemClock } = await import('../io/clock.ts')
  const { createEgress } = await import('../io/egress.ts')
  const { createIo } = await import('../io/io.ts')
  const { createLog } = await import('../io/log.ts')
  const io = createIo({ clock: systemClock, log: createLog('error'), base })
  const patience = () => AbortSignal.timeout(PATIENCE_MS)
  const egress = createEgress(notify.egress.allow)
  const now = systemClock.now()
  const all = await Promise.all([
    ...config.sources.map(async (source) => [await reachSource(source, io, { now, signal: patience() })]),
    ...notify.receivers.map((block) => reachReceiver(block, egress, patience())),
  ])
  return all.flat()
}

const WORDS: Readonly<Record<Finding['state'], string>> = { ok: 'ok', bad: 'NOT REACHED', unknown: 'unknown' }

const line = ({ what, name, state, told }: Finding): string => {
  const [first = '', ...rest] = told.split('\n')
  return [`${what} ${name}: ${WORDS[state]}: ${first}`, ...rest.map((more) => `    ${more}`), ''].join('\n')
}
