import { declares, fieldOf, resolve } from '../schema/lookup.js'
import type { FieldSchema } from '../schema/types.js'

/** `fieldsV1` of a managedFields entry: path elements to what is below them; `.` says the element itself is in it. */
export type FieldsV1 = { [element: string]: FieldsV1 }

/**
 * A set of paths into an object, as a tree. Path elements are spelled as in `fieldsV1`: `f:spec` a field,
 * `k:{"name":"echo"}` an item of a list by its keys, `v:"x"` an item of a set. Immutable: every operation gives a new set.
 */
export class FieldSet {
  static readonly empty = new FieldSet(false, new Map())

  private constructor(
    /** Whether the path to here is itself in the set. */
    readonly member: boolean,
    readonly children: ReadonlyMap<string, FieldSet>,
  ) {}

  /** A set node; empty branches are left out. */
  static of(member: boolean, children: Iterable<[string, FieldSet]> = []): FieldSet {
    const kept = [...children].filter(([, child]) => !child.isEmpty)
    return !member && kept.length === 0 ? FieldSet.empty : new FieldSet(member, new Map(kept))
  }

  /** The root is in no fieldsV1, so `.` is read as membership only below it. */
  static fromFieldsV1(fields: FieldsV1): FieldSet {
    const node = (tree: FieldsV1): FieldSet => {
      const elements = Object.entries(tree)
      const isMember = elements.length === 0 || '.' in tree
      return FieldSet.of(
        isMember,
        elements.filter(([element]) => element !== '.').map(([element, child]) => [element, node(child)]),
      )
    }
    return FieldSet.of(
      false,
      Object.entries(fields).map(([element, child]) => [element, node(child)]),
    )
  }

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0
  }

  toFieldsV1(): FieldsV1 {
    const tree: FieldsV1 = {}
    if (this.member && this.children.size > 0) tree['.'] = {}
    for (const [element, child] of this.children) tree[element] = child.toFieldsV1()
    return tree
  }

  child(element: string): FieldSet {
    return this.children.get(element) ?? FieldSet.empty
  }

  union(other: FieldSet): FieldSet {
    return this.combine(other, (a, b) => a || b)
  }

  intersection(other: FieldSet): FieldSet {
    return this.combine(other, (a, b) => a && b)
  }

  difference(other: FieldSet): FieldSet {
    return this.combine(other, (a, b) => a && !b)
  }

  private combine(other: FieldSet, decide: (inThis: boolean, inOther: boolean) => boolean): FieldSet {
    const elements = new Set([...this.children.keys(), ...other.children.keys()])
    return FieldSet.of(
      decide(this.member, other.member),
      [...elements].map((element) => [element, this.child(element).combine(other.child(element), decide)]),
    )
  }

  /** Every path, each parent before its children: as lists of path elements. */
  paths(): string[][] {
    const own = this.member ? [[]] : []
    const below = [...this.children.entries()]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([element, child]) => child.paths().map((path) => [element, ...path]))
    return [...own, ...below]
  }

  equals(other: FieldSet): boolean {
    if (this.member !== other.member || this.children.size !== other.children.size) return false
    return [...this.children].every(([element, child]) => child.equals(other.child(element)))
  }

  /**
   * The set with every declared field on the way to a member made a member itself: removing it then removes the field
   * as a whole, and not only what is below it.
   */
  withDeclaredParents(schema: FieldSchema): FieldSet {
    const resolved = resolve(schema)
    return FieldSet.of(
      this.member,
      [...this.children].map(([element, child]) => {
        const field = element.startsWith('f:') ? element.slice(2) : undefined
        const items = resolved.kind === 'list' ? resolved.items : 'any'
        const below = field === undefined ? items : (fieldOf(resolved, field) ?? 'any')
        const deep = child.withDeclaredParents(below)
        const declared = field !== undefined && declares(resolved, field)
        return [element, declared && !deep.member ? new FieldSet(true, deep.children) : deep]
      }),
    )
  }
}

/** `.spec.template.spec.containers[name="echo"].image`: a path as conflicts name it. */
export function pathText(path: string[]): string {
  return path
    .map((element) => {
      const value = element.slice(2)
      if (element.startsWith('f:')) return `.${value}`
      if (element.startsWith('v:')) return `[=${value}]`
      if (element.startsWith('i:')) return `[${value}]`
      const keys = Object.entries(JSON.parse(value) as Record<string, unknown>)
      return `[${keys.map(([key, wanted]) => `${key}=${JSON.stringify(wanted)}`).join(',')}]`
    })
    .join('')
}
