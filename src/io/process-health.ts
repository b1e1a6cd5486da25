// How this process is doing: memory and event-loop delay.
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface ProcessMonitor extends Disposable {
  /** Seconds by quantile since the last call. */
  loopDelay(): Record<string, number>
  residentBytes(): number
}

const RESOLUTION_MS = 10

export function monitorProcess(): ProcessMonitor {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  histogram.enable()
  return {
    loopDelay() {
      // The timer's own resolution is part of what it measures.
      const seconds = (quantile: number) =>
        Math.max(0, histogram.percentile(quantile) / 1e9 - RESOLUTION_MS / 1000)
      const delay = {
        '0.5': seconds(50),
        '0.99': seconds(99),
        '1': Math.max(0, histogram.max / 1e9 - RESOLUTION_MS / 1000),
      }
      histogram.reset()
      return delay
    },
    residentBytes: () => process.memoryUsage.rss(),
    [Symbol.dispose]: () => histogram.disable(),
  }
}
