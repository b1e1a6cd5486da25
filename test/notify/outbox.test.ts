// Commands against a model: whatever happens to the receiver, the store and the process, what is heard is the truth.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SourceError } from '../../src/model/errors.ts'
import {
  type Behaviour,
  type Call,
  START,
  type World,
  answer,
  createWorld,
  firing,
  resolved,
} from './world.ts'

const CONFIG = `
route: { receiver: hook, group_by: [i], group_wait: 2s, group_interval: 3s, repeat_interval: 100h }
receivers: [ { name: hook, webhook_configs: [ { url: 'http://hook.example/a' } ] } ]
flapping: null
`
const ALERTS = 4

interface Model {
  readonly firing: Set<number>
}

interface Real {
  readonly world: World
  /** What the receiver processed, answered or not. */
  readonly heard: Call[]
  mood: keyof typeof moods
}

type Mood = (heard: Call[]) => (call: Call) => ReturnType<Behaviour>
const moods = {
  well: (heard) => (call) => {
    heard.push(call)
    return answer(200)
  },
  down: () => () => Promise.reject(new SourceError('unreachable', 'refused', { subject: 'hook' })),
  failing: () => () => answer(500),
  busy: () => () => answer(429, '', { 'retry-after': '5' }),
  hanging: () => () => new Promise<never>(() => {}),
  // It took the message, and the answer got lost: only here may something be heard twice.
  forgetful: (heard) => (call) => {
    heard.push(call)
    return Promise.reject(new SourceError('unreachable', 'reset', { subject: 'hook' }))
  },
} satisfies Record<string, Mood>

const seconds = (real: Real): number => (real.world.clock.now() - START) / 1000

const command = (
  name: string,
  run: (model: Model, real: Real) => void | Promise<void>,
): fc.AsyncCommand<Model, Real> => ({
  check: () => true,
  run: async (model, real) => run(model, real),
  toString: () => name,
})

const commands = () => [
  fc.nat(ALERTS - 1).map((i) =>
    command(`fire ${i}`, (model, { world }) => {
      model.firing.add(i)
      world.notifier.take([firing('t', { i: String(i) }, world.clock.now())], world.clock.now())
    }),
  ),
  fc.nat(ALERTS - 1).map((i) =>
    command(`resolve ${i}`, (model, { world }) => {
      model.firing.delete(i)
      world.notifier.take([resolved('t', world.clock.now(), { i: String(i) })], world.clock.now())
    }),
  ),
  fc
    .integer({ min: 1, max: 40 })
    .map((length) => command(`wait ${length}`, (_, real) => real.world.until(seconds(real) + length))),
  fc.constantFrom(...(Object.keys(moods) as (keyof typeof moods)[])).map((mood) =>
    command(mood, (_, real) => {
      real.mood = mood
    }),
  ),
  fc.constant(command('kill -9', (_, { world }) => world.restart())),
]

const diskCommands = [
  fc.boolean().map((refuses) =>
    command(refuses ? 'disk full' : 'disk free', (_, { world }) => {
      world.store.refusing = refuses ? 'disk full' : null
    }),
  ),
]

/** What the receiver heard of each alert, in order, a second hearing under the same id left out. */
function storyOf(heard: readonly Call[]): Map<string, string[]> {
  const story = new Map<string, string[]>()
  const bodies = new Map<string, string>()
  for (const call of heard) {
    const id = call.headers['webhook-id']!
    const known = bodies.get(id)
    if (known !== undefined) {
      expect(call.body).toBe(known)
      continue
    }
    bodies.set(id, call.body)
    const { alerts } = JSON.parse(call.body) as { alerts: { status: string; labels: { i: string } }[] }
    for (const { status, labels } of alerts) story.set(labels.i, [...(story.get(labels.i) ?? []), status])
  }
  return story
}

/** The end: the receiver works, the disk is free, two minutes pass. */
async function hearAll(
  all: Iterable<fc.AsyncCommand<Model, Real>>,
): Promise<{ model: Model; story: Map<string, string[]>; world: World }> {
  const heard: Call[] = []
  const world = createWorld(CONFIG)
  const real: Real = { world, heard, mood: 'well' }
  world.behave = (call) => moods[real.mood](heard)(call)
  const model: Model = { firing: new Set() }
  await fc.asyncModelRun(() => ({ model, real }), all)
  world.store.refusing = null
  real.mood = 'well'
  await world.until(seconds(real) + 120)
  return { model, story: storyOf(heard), world }
}

const RUNS = Number(process.env['OUTBOX_RUNS'] ?? 150)

test('everything is told, in order, and ends with the truth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands(), { maxCommands: 60 }), async (all) => {
      const { model, story, world } = await hearAll(all)

      for (let i = 0; i < ALERTS; i += 1) {
        const statuses = story.get(String(i)) ?? []
        // Alternating from the first: never resolved before firing, never the same twice.
        expect(statuses).toEqual(statuses.map((_, n) => (n % 2 === 0 ? 'firing' : 'resolved')))
        expect(statuses.at(-1) ?? 'resolved').toBe(model.firing.has(i) ? 'firing' : 'resolved')
      }
      expect(world.notifier.receivers()[0]).toMatchObject({ waiting: 0, pausedUntil: null })
    }),
    { numRuns: RUNS },
  )
}, 600_000)

test('with a full disk and kill -9 together, what still fires is told again rather than never', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands([...commands(), ...diskCommands], { maxCommands: 60 }), async (all) => {
      const { model, story, world } = await hearAll(all)
      // The rules go on evaluating: what fires is said again.
      world.notifier.take(
        [...model.firing].map((i) => firing('t', { i: String(i) }, world.clock.now())),
        world.clock.now(),
      )
      const before = world.calls.length
      await world.until((world.clock.now() - START) / 1000 + 60)
      for (const i of model.firing) {
        const said = [
          ...(story.get(String(i)) ?? []),
          ...world.calls.slice(before).flatMap(({ body }) => (body.includes(`"i":"${i}"`) ? ['firing'] : [])),
        ]
        expect(said.at(-1)).toBe('firing')
      }
    }),
    { numRuns: RUNS },
  )
}, 600_000)
