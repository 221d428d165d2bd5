import {
  Composer,
  type CST,
  type Document,
  type DocumentOptions,
  isAlias,
  isCollection,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  type ParseOptions,
  Parser,
  type SchemaOptions,
} from 'yaml'

import { resolveMergeKeys } from './merge-keys.js'

/** The error in a YAML text, a clause, and its line. */
export class YamlError extends Error {
  constructor(
    message: string,
    readonly line: number,
    /** Offset in the text, if known more closely than its line. */
    readonly offset?: number,
  ) {
    super(message)
  }
}

export interface Limits {
  /** Of one map. */
  maxKeys?: number
  /** Of one list. */
  maxItems?: number
}

/** A document, and the way from an offset to a line. */
export interface YamlDocument {
  document: Document.Parsed
  lineOf: (offset: number) => number
}

/** Nobody writes deeper values; parsing far deeper ones can end the process. */
const MAX_DEPTH = 100
/** Keys of one map: finding duplicates takes time quadratic in their number. */
const MAX_KEYS = 10_000
/** Values of a document after its aliases are expanded. */
const MAX_VALUES = 1_000_000

/**
 * The documents of a YAML text, checked so that their values can be built and walked safely: bounded depth, maps, lists and
 * alias expansion, and numbers that JSON can hold. Throws YamlError.
 */
export function yamlDocuments(
  text: string,
  options: ParseOptions & DocumentOptions & SchemaOptions & Limits = {},
): YamlDocument[] {
  const lines = new LineCounter()
  const lineOf = (offset: number) => lines.linePos(offset).line
  const tokens = [...new Parser(lines.addNewLine).parse(text)]
  for (const token of tokens) checkSize(token, lineOf, options)
  const composer = new Composer<ParsedNode>({ ...options, prettyErrors: false, logLevel: 'error' })
  return [...composer.compose(tokens, true, text.length)].map((document) => {
    const [error] = document.errors
    if (error) throw new YamlError(error.message, lineOf(error.pos[0]), error.pos[0])
    checkValues(document.contents, lineOf)
    return { document, lineOf }
  })
}

/** The values of a checked document. Throws YamlError if that fails: a merge of something other than a map. */
export function valuesOf({ document, lineOf }: YamlDocument): unknown {
  try {
    resolveMergeKeys(document)
    return document.toJS({ maxAliasCount: -1 })
  } catch (error) {
    throw new YamlError((error as Error).message, lineOf(document.range[0]))
  }
}

/** Checks the tokens without recursion; the recursive composer runs afterwards. */
function checkSize(root: CST.Token, lineOf: (offset: number) => number, limits: Limits): void {
  const { maxKeys = MAX_KEYS, maxItems = Infinity } = limits
  const open: [token: CST.Token, depth: number][] = [[root, 0]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [token, depth] = next
    if (depth > MAX_DEPTH) {
      throw new YamlError(
        `maps and lists are nested more than ${MAX_DEPTH} deep`,
        lineOf(token.offset),
        token.offset,
      )
    }
    if (token.type === 'document' && token.value) open.push([token.value, depth + 1])
    if (!('items' in token)) continue
    const isMap =
      token.type === 'block-map' || (token.type === 'flow-collection' && token.start.source === '{')
    if (token.items.length > (isMap ? maxKeys : maxItems)) {
      const what = isMap ? `a map has more than ${maxKeys} keys` : `a list has more than ${maxItems} items`
      throw new YamlError(what, lineOf(token.offset), token.offset)
    }
    for (const { key, value } of token.items as { key?: CST.Token | null; value?: CST.Token }[]) {
      if (key) open.push([key, depth + 1])
      if (value) open.push([value, depth + 1])
    }
  }
}

/**
 * Throws YamlError if a document has too many values (an alias counts as what it stands for), an alias without an anchor
 * before it, or a number that is not finite.
 */
function checkValues(contents: unknown, lineOf: (offset: number) => number): void {
  const anchors = new Map<string, number>()
  const wrong = (node: unknown, message: string) => {
    const offset = (node as Node | null)?.range?.[0] ?? 0
    return new YamlError(message, lineOf(offset), offset)
  }
  /** The number of values in a node, itself included. */
  const sizeOf = (node: unknown): number => {
    if (isPair(node)) return sizeOf(node.key) + sizeOf(node.value)
    if (isAlias(node)) {
      const size = anchors.get(node.source)
      if (size === undefined) throw wrong(node, `*${node.source} has no anchor before it`)
      return size
    }
    let size = 1
    if (isCollection(node)) {
      // Until it is complete, an alias within it would refer to itself.
      if (node.anchor) anchors.delete(node.anchor)
      for (const item of node.items) {
        size += sizeOf(item)
        if (size > MAX_VALUES) throw wrong(item, 'aliases expand to more than a million values')
      }
    } else if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value)) {
      const { source = 'a number' } = node
      throw wrong(node, `${source} is not a number that JSON can hold: write "${source}" if it is text`)
    }
    if ((isScalar(node) || isCollection(node)) && node.anchor) anchors.set(node.anchor, size)
    return size
  }
  sizeOf(contents)
}
