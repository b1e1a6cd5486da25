// Executions of an application over weeks, with their tally, as advisors find them.
import type { ApplicationFact, ApplicationTally } from '../../src/model/application-facts.ts'
import { DAY, bytes, millis, timestamp } from '../../src/model/units.ts'
import { NOW } from '../model/a-table.ts'
import { anApplication } from '../model/an-application.ts'

type Changes = Parameters<typeof anApplication>[0]

/** One execution a day, `changes` on all of them. */
export function aJob(changes: Changes = {}, days = 20): readonly (ApplicationFact | ApplicationTally)[] {
  const executions = Array.from({ length: days }, (_, i) =>
    anApplication({ ...changes, appId: `app-${i}`, at: timestamp(NOW - i * DAY) }),
  )
  const [newest] = executions
  return newest === undefined ? [] : [...executions, tallyOf(newest)]
}

const tallyOf = (newest: ApplicationFact): ApplicationTally => ({
  kind: 'application-tally',
  id: newest.pipelineId,
  source: newest.source,
  application: newest.application,
  executions: 20,
  coreTime: newest.executors.coreTime,
  taskTime: newest.taskTime ?? millis(0),
  tasks: newest.tasks,
  tasksFailed: newest.tasksFailed,
  diskSpilled: bytes(0),
  last: {
    ...newest,
    coreTime: newest.executors.coreTime,
    peakCores: newest.executors.peakCores,
    memoryPeak: newest.executors.memoryPeak,
  },
})

export const unknownJob = (): readonly (ApplicationFact | ApplicationTally)[] =>
  aJob({
    platform: null,
    instanceType: null,
    slotUtilisation: null,
    cpuEfficiency: null,
    gcShare: null,
    spillShare: null,
    driverShare: null,
    criticalShare: null,
    taskTime: null,
    simulated: [],
    calibration: null,
    executors: { coresEach: null, memoryEach: null, memoryPeak: null },
  })
