// Sources: which can be read, how far behind they are, and what watching them costs.
import { type Source, sources } from '../answers.ts'
import { EMPTY, line, span, wrap } from '../line.ts'
import type { Health, ListScreen, PageScreen } from '../screen.ts'
import { GLYPH, TONE, badness } from '../state.ts'
import { age, count, length, moment, size } from '../words.ts'

export function sourceHealth({ up, problems }: Source): Health {
  if (!up) return { state: 'bad', word: 'blind' }
  return problems.length > 0 ? { state: 'warn', word: 'partly' } : { state: 'ok', word: 'up' }
}

export const sourcesScreen: ListScreen<Source> = {
  kind: 'list',
  name: 'sources',
  about: 'what is watched: up or blind, how far behind, at what cost',
  tab: true,
  title: () => 'Sources',
  feeds: () => [sources],
  empty: 'No source has been asked yet.',
  rows: ({ get }) =>
    get(sources)?.toSorted((a, b) => badness(sourceHealth(a).state) - badness(sourceHealth(b).state)),
  id: ({ id }) => id,
  health: sourceHealth,
  ways: ({ id }) => ({ enter: { screen: 'source', subject: id } }),
  columns: [
    { name: 'SOURCE', rank: 0, max: 32, text: ({ id }) => id },
    { name: 'TYPE', rank: 2, text: ({ type }) => type },
    {
      name: 'READ',
      rank: 0,
      align: 'right',
      text: ({ lastSuccess }, { now }) => age(lastSuccess, now),
      key: ({ lastSuccess }) => lastSuccess,
    },
    {
      name: 'TOOK',
      rank: 2,
      align: 'right',
      text: ({ duration }) => length(duration),
      key: ({ duration }) => duration,
    },
    { name: 'POLLS', rank: 4, align: 'right', text: ({ polls }) => count(polls), key: ({ polls }) => polls },
    {
      name: 'FAILED',
      rank: 3,
      align: 'right',
      text: ({ failures }) => count(failures),
      key: ({ failures }) => failures,
    },
    {
      name: 'REQUESTS',
      rank: 3,
      align: 'right',
      text: ({ requests }) => count(requests),
      key: ({ requests }) => requests,
    },
    {
      name: 'BYTES',
      rank: 4,
      align: 'right',
      text: ({ bytesRead }) => size(bytesRead),
      key: ({ bytesRead }) => bytesRead,
    },
    {
      name: 'PROBLEMS',
      rank: 1,
      align: 'right',
      text: ({ problems }) => count(problems.length),
      key: ({ problems }) => problems.length,
    },
    { name: 'SAYS', rank: 2, max: 120, text: ({ error, problems }) => error ?? problems[0]?.message ?? '' },
  ],
}

export const sourcePage: PageScreen = {
  kind: 'page',
  name: 'source',
  about: 'a source: its last poll and what it cannot read',
  tab: false,
  title: (subject) => subject,
  feeds: () => [sources],
  lines({ get, now, subject }, width) {
    const found = get(sources)
    if (found === undefined) return undefined
    const source = found.find(({ id }) => id === subject)
    if (source === undefined) return [line('This source is no longer there.')]
    const { state, word } = sourceHealth(source)
    return [
      line(
        span(`${GLYPH[state]} ${word}  `, TONE[state]),
        span(source.id, 'title'),
        span(`  ${source.type}`, 'dim'),
      ),
      EMPTY,
      line(`Last read   ${moment(source.lastSuccess)}, ${age(source.lastSuccess, now)} ago`),
      line(`Last poll   ${moment(source.at)}, took ${length(source.duration)}`),
      line(`So far      ${count(source.polls)} polls, ${count(source.failures)} failed`),
      line(`It cost     ${count(source.requests)} requests, ${size(source.bytesRead)} read since start`),
      ...(source.error === null ? [] : [EMPTY, ...wrap(source.error, width - 2, 'bad')]),
      EMPTY,
      line(
        span(source.problems.length === 0 ? 'Everything in it can be read.' : 'What it cannot read', 'title'),
      ),
      ...source.problems.flatMap(({ subject: what, reason, message, since }) => [
        EMPTY,
        line(
          span(`${GLYPH.bad} ${what || 'the source'}`, 'bad'),
          span(`  ${reason} since ${moment(since)}`, 'dim'),
        ),
        ...wrap(message, width - 2),
      ]),
    ]
  },
}
