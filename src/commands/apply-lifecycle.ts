// Puts lifecycle rules onto a bucket: reads what is there, merges, saves the rollback, writes, reads again.
import fs from 'node:fs'
import path from 'node:path'
import { explainHarm, isInForce, planLifecycle } from '../advisors/advisors.ts'
import { systemClock } from '../io/clock.ts'
import { createIo } from '../io/io.ts'
import { createLog } from '../io/log.ts'
import type { AdviceFact } from '../model/advice.ts'
import { ConfigError, SourceError } from '../model/errors.ts'
import type { TableFact } from '../model/facts.ts'
import { printable } from '../model/text.ts'
import { printTried, tryRules } from './try-rules.ts'

export interface ApplyLifecycle {
  readonly dryRun: boolean
  readonly yes: boolean
  readonly region?: string
  readonly endpoint?: string
  /** The folder that gets the document as it was. */
  readonly rollback: string
}

/** Null where nothing was changed. Throws ConfigError where it may not be applied. */
export async function applyLifecycle(
  { advice, state }: AdviceFact,
  tables: readonly TableFact[],
  options: ApplyLifecycle,
  say: (text: string) => void,
): Promise<{ readonly rollback: string } | null> {
  if (!options.dryRun && state !== 'active' && state !== 'claimed')
    throw new ConfigError(`advice ${advice.id} is ${state}; only open or accepted advice is applied`)
  const io = createIo({ clock: systemClock, log: createLog('error'), base: process.cwd() })
  const place = { region: options.region ?? advice.target.region ?? undefined, endpoint: options.endpoint }
  const buckets = io.buckets(place)
  const { signal } = new AbortController()
  const name = (advice.target.resource ?? '').replace('s3://', '')
  const current = await buckets.lifecycle(name, signal)
  const planned = planLifecycle(advice, current, tables)
  if ('refused' in planned)
    throw new ConfigError(`advice ${advice.id} is not applied: ${lines(planned.refused.split('\n'))}`)
  const { bucket, next, rollback, added, removed, kept, rules } = planned.plan
  const list = (title: string, ids: readonly string[]): string =>
    `${title.padEnd(8)}${ids.length === 0 ? 'nothing' : ids.map((id) => printable(id, 100)).join(', ')}\n`
  say(`bucket  ${bucket}\n${list('adds', added)}${list('removes', removed)}${list('keeps', kept)}`)
  const { tried, blind } = await tryRules({ io, bucket, rules, tables, place, signal })
  say(printTried(tried))
  const harm = explainHarm(tried)
  if (harm !== '')
    throw new ConfigError(
      `advice ${advice.id} is not applied: it would take files that tables need:\n${harm}`,
    )
  if (blind.length > 0)
    throw new ConfigError(
      `advice ${advice.id} is not applied: its rules could not be tried against the files of\n${lines(blind.slice(0, 20))}`,
    )
  if (options.dryRun) {
    say(`dry run: nothing is changed; the document would be\n${next}\n`)
    return null
  }
  if (!options.yes) throw new ConfigError('say --yes to put it onto the bucket, or --dry-run to see it')
  // Trying takes as long as the tables are large, and S3 knows no condition on this write.
  if ((await buckets.lifecycle(name, signal)) !== current)
    throw new ConfigError(
      `advice ${advice.id} is not applied: the rules of ${printable(name)} were changed meanwhile; say it again to look at them as they are now`,
    )
  const undo =
    rollback === null
      ? `aws s3api delete-bucket-lifecycle --bucket ${bucket}`
      : `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration with this document:\n${rollback}`
  const file = path.resolve(options.rollback, `tidemark-rollback-${bucket}-${advice.id}.json`)
  fs.writeFileSync(file, `${rollback ?? '{"Rules":[]}'}\n`)
  say(`before  ${file} has what was there\n`)
  await buckets.putLifecycle(bucket, next, signal)
  const found = await buckets.lifecycle(bucket, signal)
  if (!isInForce(found, next)) {
    await buckets.putLifecycle(bucket, rollback, signal)
    throw new SourceError(
      'corrupt',
      `s3://${bucket} took other rules than it was given: what was there is put back`,
      {
        subject: `s3://${bucket}`,
      },
    )
  }
  say('after   the bucket has all of these rules\n')
  return { rollback: undo }
}

const lines = (all: readonly string[]): string => all.map((line) => printable(line, 1_000)).join('\n')
