// One run: its tasks beside each other on one time axis, and what went wrong.
import type { Timestamp } from '../../model/units.ts'
import { type Run, runOf } from '../answers.ts'
import { gantt } from '../gantt.ts'
import { EMPTY, type Line, line, span, wrap } from '../line.ts'
import { runHealth, runState, tookUntil } from '../run-health.ts'
import type { PageScreen } from '../screen.ts'
import { GLYPH, TONE } from '../state.ts'
import { age, count, length, moment, size } from '../words.ts'

export const runPage: PageScreen = {
  kind: 'page',
  name: 'run',
  about: 'a run: its tasks on one time axis, and what went wrong',
  tab: false,
  title: (subject) => `Run ${subject.split('/').at(-1)}`,
  feeds: (id) => [runOf(id)],
  health: ({ get, subject }) => runState(get(runOf(subject))?.state ?? ''),
  ways({ get, subject }) {
    const run = get(runOf(subject))
    return run === undefined ? {} : { changes: { screen: 'changes', subject: run.pipelineId } }
  },
  lines({ get, now, subject }, width) {
    const run = get(runOf(subject))
    return run && [...about(run, now, width), ...tasks(run, now, width), ...errors(run, width)]
  },
}

function about(run: Run, now: Timestamp, width: number): Line[] {
  const { state, word } = runHealth(run)
  const moved = [
    run.processed === null ? '' : `${count(run.processed)} records`,
    run.failed === null ? '' : `${count(run.failed)} failed`,
    run.bytes === null ? '' : size(run.bytes),
  ].filter(Boolean)
  return [
    line(
      span(`${GLYPH[state]} ${word}  `, TONE[state]),
      span(run.pipeline, 'title'),
      span(`  ${run.runId}`, 'dim'),
    ),
    line(
      span('started   ', 'dim'),
      `${moment(run.startedAt)}, ${age(run.startedAt, now)} ago, took ${length(tookUntil(run, now))}`,
      span(run.endedAt === null ? ' so far' : '', 'dim'),
    ),
    line(
      span('because   ', 'dim'),
      `${run.trigger ?? 'unknown'}, attempt ${run.attempt}`,
      run.scheduledFor === null ? '' : `, due ${moment(run.scheduledFor)}`,
    ),
    ...(moved.length === 0 ? [] : [line(span('moved     ', 'dim'), moved.join(', '))]),
    ...(run.url === null ? [] : wrap(run.url, width, 'dim')),
  ]
}

function tasks(run: Run, now: Timestamp, width: number): Line[] {
  const drawn = gantt(run, now, width)
  if (drawn.length === 0) return [EMPTY, line(span('Its source tells of no tasks.', 'dim'))]
  return [EMPTY, line(span(`Tasks, ${count(run.tasks.length)}`, 'title')), ...drawn]
}

const errors = (run: Run, width: number): Line[] =>
  [{ name: 'the run', error: run.error }, ...run.tasks].flatMap(({ name, error }) =>
    error === null ? [] : [EMPTY, line(span(`${GLYPH.bad} ${name}`, 'bad')), ...wrap(error, width)],
  )
