// Options of the commands that ask a running daemon, and the client they make.
import type { Command } from 'commander'
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
    .option('--url <url>', 'where the daemon listens', process.env['TIDEMARK_URL'] ?? 'http://127.0.0.1:9464')
    .option('--token <token>', 'bearer token', process.env['TIDEMARK_TOKEN'])
    .option('--json', 'print the answer as JSON')

export const clientOf = ({ url, token }: DaemonOptions, timeout?: Millis): Client =>
  createClient(url, token, timeout)
