// What a command is given: the program it adds itself to, and where its exit code goes. Commands import what is heavy
// when they run, so that none pays for another.
import type { Command } from 'commander'

/** 0 all is well, 1 something is wrong with what is watched, 2 bad input or config. */
export type ExitCode = 0 | 1 | 2

export interface Shell {
  readonly program: Command
  readonly version: string
  readonly finish: (code: ExitCode) => void
}

export const print = (text: string): void => void process.stdout.write(text)
