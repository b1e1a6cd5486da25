// `tidemark config`: check, print or describe the configuration.
import { stringify } from 'yaml'
import { loadRules } from '../agent/agent.ts'
import { configJsonSchema, loadConfig } from '../config/config.ts'
import { type Shell, print } from './command.ts'

export function configCommand({ program }: Shell): void {
  const config = program.command('config').description('check, print or describe the configuration')
  const file = ['-c, --config <file>', 'the configuration file'] as const
  config
    .command('check')
    .description('validate a configuration file and the rule files it names')
    .requiredOption(...file)
    .action((options: { config: string }) => {
      loadRules(loadConfig(options.config))
      print(`${options.config} is valid\n`)
    })
  config
    .command('print')
    .description('print the effective configuration, secrets hidden')
    .requiredOption(...file)
    .action((options: { config: string }) => print(stringify(loadConfig(options.config).printable)))
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(() => print(`${JSON.stringify(configJsonSchema(), null, 2)}\n`))
}
