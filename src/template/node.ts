// The syntax tree of a template.
import type { Place } from './lex.ts'
import type { Value } from './value.ts'

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly pipe: Pipe }
  | ControlNode
  | TemplateNode
  | { readonly kind: 'break' | 'continue' }

export interface ControlNode {
  readonly kind: 'if' | 'with' | 'range'
  readonly pipe: Pipe
  readonly body: Block
  readonly otherwise: Block
}

export interface TemplateNode {
  readonly kind: 'template'
  readonly name: string
  readonly pipe: Pipe | null
  readonly at: Place
}

export type Block = readonly Node[]

/** `$a, $b := command | command`; `assign` is the `=` that sets variables declared before. */
export interface Pipe {
  readonly variables: readonly string[]
  readonly assign: boolean
  readonly commands: readonly Command[]
}

export interface Command {
  readonly operands: readonly Operand[]
  readonly at: Place
}

export type Operand = { readonly at: Place } & (
  | { readonly kind: 'dot' }
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'field'; readonly path: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'pipe'; readonly pipe: Pipe; readonly path: readonly string[] }
  | { readonly kind: 'chain'; readonly of: Operand; readonly path: readonly string[] }
)
