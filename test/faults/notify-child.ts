// A process that notifies and may be killed at any moment: commands come in by line, acknowledgements go out by line.
import readline from 'node:readline'
import { parseNotifyConfig } from '../../src/config/config.ts'
import { systemClock } from '../../src/io/clock.ts'
import { localFiles } from '../../src/io/files.ts'
import { createLog } from '../../src/io/log.ts'
import type { Alert } from '../../src/model/alert.ts'
import { DAY, HOUR, plus } from '../../src/model/units.ts'
import { createNotifier } from '../../src/notify/notify.ts'
import { openStore } from '../../src/store/store.ts'

const FLUSH_EVERY = 50
const [directory, config] = process.argv.slice(2)
const log = createLog('error')
const say = (line: string) => process.stdout.write(`${line}\n`)

const store = await openStore({
  directory: directory!,
  now: systemClock.now(),
  log,
  retention: { samples: DAY, commits: DAY, runs: DAY },
  limits: { ballast: 4_096 },
})
const notifier = createNotifier({
  config: parseNotifyConfig('child.yml', config!),
  store,
  io: { clock: systemClock, log },
  random: Math.random,
  files: localFiles('/'),
})
say(
  `ready ${notifier.silences
    .list()
    .map(({ id }) => id)
    .join(' ')}`,
)

const alertOf = (name: string, over: boolean): Alert => {
  const now = systemClock.now()
  return {
    labels: { alertname: name },
    annotations: {},
    startsAt: now,
    endsAt: over ? now : null,
    updatedAt: now,
    generatorUrl: '',
    value: 1,
    noData: false,
  }
}

const { signal } = new AbortController()
setInterval(() => notifier.flush(systemClock.now(), signal), FLUSH_EVERY)

for await (const line of readline.createInterface({ input: process.stdin })) {
  const [verb, name] = line.split(' ')
  const now = systemClock.now()
  if (verb === 'silence') {
    const matchers = [{ name: 'alertname', op: '=' as const, value: `quiet-${name}` }]
    const id = notifier.silences.set(
      { matchers, startsAt: now, endsAt: plus(now, HOUR), createdBy: 'test', comment: name! },
      now,
    )
    say(`ack silence ${name} ${id}`)
  } else {
    notifier.take([alertOf(name!, verb === 'resolve')], now)
    // What is not on disk is not acknowledged.
    if (notifier.failing === null) say(`ack ${verb} ${name}`)
  }
}
process.exit(0)
