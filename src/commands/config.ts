// `tidemark config`: check, print or describe the configuration.
import { type Shell, print } from './command.ts'

export function configCommand({ program }: Shell): void {
  const config = program.command('config').description('check, print or describe the configuration')
  const file = ['-c, --config <file>', 'the configuration file'] as const
  config
    .command('check')
    .description('validate a configuration file and the rule files it names')
    .requiredOption(...file)
    .action(async (options: { config: string }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { loadRules } = await import('../agent/agent.ts')
      loadRules(loadConfig(options.config))
      print(`${options.config} is valid\n`)
    })
  config
    .command('print')
    .description('print the effective configuration, secrets hidden')
    .requiredOption(...file)
    .action(async (options: { config: string }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { stringify } = await import('yaml')
      print(stringify(loadConfig(options.config).printable))
    })
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(async () => {
      const { configJsonSchema } = await import('../config/config.ts')
      print(`${JSON.stringify(configJsonSchema(), null, 2)}\n`)
    })
}
