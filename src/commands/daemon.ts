// Options of the commands that ask a running daemon, and the client they make.
import { type Command, Option } from 'commander'
import { type Client, createClient } from '../api/client.ts'
import type { Millis } from '../model/units.ts'

export interface DaemonOptions {
  readonly url: string
  readonly token?: string
  readonly json?: true
}

/** Adds `--url`, `--token` and `--json`. */
export const asksDaemon = (command: Command): Command =>
  command
    .addOption(
      new Option('--url <url>', 'where the daemon listens')
        .default('http://127.0.0.1:9464')
        .env('TIDEMARK_URL'),
    )
    // As an environment variable, not as a default: help prints defaults.
    .addOption(new Option('--token <token>', 'bearer token').env('TIDEMARK_TOKEN'))
    .option('--json', 'print the answer as JSON')

export const clientOf = ({ url, token }: DaemonOptions, timeout?: Millis): Client =>
  createClient(url, token, timeout)
