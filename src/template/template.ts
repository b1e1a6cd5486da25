// Go's text/template as rules and notifications need it: parsed once, expanded with data, functions passed in.
import { builtins } from './builtins.ts'
import { execute } from './execute.ts'
import { parse } from './parse.ts'
import type { TemplateFunction, Value } from './value.ts'

export { takes } from './arguments.ts'
export { escapeQuery } from './builtins.ts'
export { textFunctions } from './functions.ts'
export { moment } from './time.ts'
export { type TemplateFunction, type Value, TemplateError, withMethods } from './value.ts'

export interface Environment {
  /** Beside Go's own; of the same name, these win. */
  readonly functions: Readonly<Record<string, TemplateFunction>>
  /** Variables that exist from the start, with their dollar: `$labels`. */
  readonly variables: readonly string[]
}

export interface Template {
  /**
   * Expands with `.` = data and the declared variables. `functions` replaces functions of the environment for this
   * expansion. Throws TemplateError; never runs longer, deeper or wider than the limits in execute.ts.
   */
  expand(
    data: Value,
    variables: Readonly<Record<string, Value>>,
    functions?: Readonly<Record<string, TemplateFunction>>,
  ): string
}

/** Throws TemplateError with line and column when the text is not a template. */
export function parseTemplate(text: string, environment: Environment): Template {
  if (!text.includes('{{')) return { expand: () => text }
  const known = new Map(Object.entries({ ...builtins, ...environment.functions }))
  const tree = parse(text, { functions: known, variables: environment.variables })
  return {
    expand: (data, variables, functions) =>
      execute(
        {
          ...tree,
          functions: functions === undefined ? known : new Map([...known, ...Object.entries(functions)]),
        },
        data,
        variables,
      ),
  }
}
