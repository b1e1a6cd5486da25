// Runs a parsed template over its data, as Go's text/template does, within bounds on steps, depth and output.
import type { Block, Command, ControlNode, Node, Operand, Pipe, TemplateNode } from './node.ts'
import type { Place } from './lex.ts'
import { printValue } from './print.ts'
import {
  type TemplateFunction,
  type Value,
  TemplateError,
  isList,
  isMap,
  isStruct,
  isTrue,
  methodOf,
  typeName,
} from './value.ts'

export const LIMITS = {
  /** Characters a template may produce. */
  output: 65_536,
  /** Nodes, commands and loop turns of one expansion. */
  steps: 100_000,
  /** Templates calling templates. */
  depth: 100,
}

export interface Program {
  readonly root: Block
  readonly defined: ReadonlyMap<string, Block>
  readonly functions: ReadonlyMap<string, TemplateFunction>
}

type Flow = 'on' | 'break' | 'continue'
interface Variable {
  readonly name: string
  value: Value
}
type Variables = Variable[]

export function execute(program: Program, data: Value, variables: Readonly<Record<string, Value>>): string {
  return new Execution(program, variables).run(data)
}

class Execution {
  readonly #program: Program
  readonly #given: Variables
  #output = ''
  #steps = 0
  #depth = 0

  constructor(program: Program, variables: Readonly<Record<string, Value>>) {
    this.#program = program
    this.#given = Object.entries(variables).map(([name, value]) => ({ name, value }))
  }

  run(data: Value): string {
    this.#template(this.#program.root, data)
    return this.#output
  }

  #template(block: Block, data: Value): void {
    this.#block(block, data, [{ name: '$', value: data }, ...this.#given.map((given) => ({ ...given }))])
  }

  #step(at: Place): void {
    this.#steps += 1
    if (this.#steps > LIMITS.steps) throw new TemplateError(`more than ${LIMITS.steps} steps`, at)
  }

  #write(text: string): void {
    this.#output += text
    if (this.#output.length > LIMITS.output) {
      throw new TemplateError(`the text is longer than the limit of ${LIMITS.output} characters`, {
        line: 1,
        column: 1,
      })
    }
  }

  #block(block: Block, dot: Value, variables: Variables): Flow {
    const scope = variables.length
    for (const node of block) {
      const flow = this.#node(node, dot, variables)
      if (flow !== 'on') return flow
    }
    variables.length = scope
    return 'on'
  }

  #node(node: Node, dot: Value, variables: Variables): Flow {
    switch (node.kind) {
      case 'text':
        this.#write(node.text)
        return 'on'
      case 'action': {
        const value = this.#pipe(node.pipe, dot, variables)
        if (node.pipe.variables.length === 0) this.#write(value === null ? '<no value>' : printValue(value))
        return 'on'
      }
      case 'if':
      case 'with': {
        const scope = variables.length
        const value = this.#pipe(node.pipe, dot, variables)
        const inner = node.kind === 'with' ? value : dot
        const flow = isTrue(value)
          ? this.#block(node.body, inner, variables)
          : this.#block(node.otherwise, dot, variables)
        variables.length = scope
        return flow
      }
      case 'range':
        return this.#range(node, dot, variables)
      case 'template':
        this.#call(node, dot, variables)
        return 'on'
      case 'break':
      case 'continue':
        return node.kind
    }
  }

  #call(node: TemplateNode, dot: Value, variables: Variables): void {
    const block = this.#program.defined.get(node.name)
    if (block === undefined)
      throw new TemplateError(`template ${JSON.stringify(node.name)} not defined`, node.at)
    const data = node.pipe === null ? null : this.#pipe(node.pipe, dot, variables)
    this.#depth += 1
    if (this.#depth > LIMITS.depth)
      throw new TemplateError(`templates call each other more than ${LIMITS.depth} deep`, node.at)
    this.#template(block, data)
    this.#depth -= 1
  }

  #range(node: ControlNode, dot: Value, variables: Variables): Flow {
    const scope = variables.length
    const { pipe } = node
    const at = pipe.commands[0]!.at
    const value = this.#pipe({ ...pipe, variables: [] }, dot, variables)
    let turns = 0
    for (const [key, element] of entriesOf(value, at)) {
      this.#step(at)
      turns += 1
      variables.length = scope
      this.#bind(pipe, pipe.variables.length === 2 ? [key, element] : [element], variables)
      if (this.#block(node.body, element, variables) === 'break') break
    }
    variables.length = scope
    const flow = turns === 0 ? this.#block(node.otherwise, dot, variables) : 'on'
    variables.length = scope
    return flow
  }

  #bind(pipe: Pipe, values: readonly Value[], variables: Variables): void {
    pipe.variables.forEach((name, i) => {
      const value = values[i] ?? null
      if (pipe.assign) this.#variable(name, variables).value = value
      else variables.push({ name, value })
    })
  }

  #variable(name: string, variables: Variables): Variable {
    const found = variables.findLast((variable) => variable.name === name)
    if (found === undefined) throw new TemplateError(`undefined variable: ${name}`, { line: 1, column: 1 })
    return found
  }

  #pipe(pipe: Pipe, dot: Value, variables: Variables): Value {
    let value: Value = null
    pipe.commands.forEach((command, i) => {
      value = this.#command(command, dot, variables, i === 0 ? [] : [value])
    })
    this.#bind(pipe, [value], variables)
    return value
  }

  /** `final` is what the pipeline hands over: the last argument. */
  #command(command: Command, dot: Value, variables: Variables, final: readonly Value[]): Value {
    this.#step(command.at)
    const [head, ...rest] = command.operands as readonly [Operand, ...Operand[]]
    if (head.kind === 'function' && (head.name === 'and' || head.name === 'or')) {
      return this.#shortCircuit(head, rest, dot, variables, final)
    }
    const args = (): Value[] => [...rest.map((operand) => this.#operand(operand, dot, variables)), ...final]
    if (head.kind === 'function') return this.#invoke(head, args())
    const path = 'path' in head ? head.path : []
    if (path.length > 0) return this.#fields(this.#start(head, dot, variables), path, head.at, args)
    if (rest.length + final.length > 0)
      throw new TemplateError(`can't give argument to non-function`, head.at)
    return this.#start(head, dot, variables)
  }

  #shortCircuit(
    head: Operand & { kind: 'function' },
    rest: readonly Operand[],
    dot: Value,
    variables: Variables,
    final: readonly Value[],
  ): Value {
    if (rest.length + final.length === 0)
      throw new TemplateError(`wrong number of args for ${head.name}: want at least 1 got 0`, head.at)
    let value: Value = null
    for (const operand of rest) {
      value = this.#operand(operand, dot, variables)
      if (isTrue(value) === (head.name === 'or')) return value
    }
    return final.length > 0 ? final[0]! : value
  }

  #operand(operand: Operand, dot: Value, variables: Variables): Value {
    if (operand.kind === 'function') return this.#invoke(operand, [])
    const value = this.#start(operand, dot, variables)
    return 'path' in operand && operand.path.length > 0
      ? this.#fields(value, operand.path, operand.at, () => [])
      : value
  }

  /** The value in front of an operand's field path. */
  #start(operand: Operand, dot: Value, variables: Variables): Value {
    switch (operand.kind) {
      case 'dot':
      case 'field':
        return dot
      case 'constant':
        return operand.value
      case 'variable':
        return this.#variable(operand.name, variables).value
      case 'pipe': {
        const scope = variables.length
        const value = this.#pipe(operand.pipe, dot, variables)
        variables.length = scope
        return value
      }
      case 'chain':
        return this.#operand(operand.of, dot, variables)
      case 'function':
        return this.#invoke(operand, [])
    }
  }

  #invoke(operand: Operand & { kind: 'function' }, args: Value[]): Value {
    const call = this.#program.functions.get(operand.name)!
    return guarded(operand.name, operand.at, () => call(...args))
  }

  #fields(start: Value, path: readonly string[], at: Place, args: () => Value[]): Value {
    let value = start
    path.forEach((name, i) => {
      value = field(value, name, at, i === path.length - 1 ? args() : [])
    })
    return value
  }
}

function guarded(name: string, at: Place, call: () => Value): Value {
  try {
    return call()
  } catch (error) {
    if (error instanceof TemplateError || !(error instanceof Error) || error.name === 'Unanswered')
      throw error
    throw new TemplateError(`error calling ${name}: ${error.message}`, at, error)
  }
}

function field(receiver: Value, name: string, at: Place, args: Value[]): Value {
  const method = methodOf(receiver, name)
  if (method !== undefined) return guarded(name, at, () => method(...args))
  if (isMap(receiver)) {
    if (args.length > 0) throw new TemplateError(`${name} is not a method but has arguments`, at)
    // missingkey=zero: the zero value of a map of strings.
    return receiver.get(name) ?? ''
  }
  if (isStruct(receiver) && Object.hasOwn(receiver.fields, name)) {
    const member = receiver.fields[name]!
    if (typeof member === 'function') return guarded(name, at, () => member(...args))
    if (args.length > 0)
      throw new TemplateError(`${name} has arguments but cannot be invoked as function`, at)
    return member
  }
  if (receiver === null) throw new TemplateError(`nil data; no entry for key ${JSON.stringify(name)}`, at)
  throw new TemplateError(`can't evaluate field ${name} in type ${typeName(receiver)}`, at)
}

function entriesOf(value: Value, at: Place): Iterable<readonly [Value, Value]> {
  if (value === null) return []
  if (typeof value === 'bigint') return integers(value)
  if (typeof value === 'object') {
    if (isList(value)) return value.map((element, i) => [BigInt(i), element] as const)
    if (isMap(value)) return [...value].toSorted(([a], [b]) => (a < b ? -1 : 1))
  }
  throw new TemplateError(`range can't iterate over ${printValue(value)}`, at)
}

/** Go ranges over an int from 0; lazily, so that the step limit holds. */
function* integers(count: bigint): Generator<readonly [Value, Value]> {
  for (let i = 0n; i < count; i++) yield [i, i]
}
