/** Scalars, or the name of a definition (`core.v1.Container`), or `any`: any value. */
export type TypeName = string

/** A list: `keys` makes it a map by these fields, `set` a set of scalars; otherwise it is replaced as a whole. */
export interface ListSchema {
  list: FieldSchema
  keys?: string[]
  set?: true
  /** How a strategic merge patch merges it: by this field, or (`true`) as a set of scalars; absent: replaced. */
  merge?: string | true
}

export interface MapSchema {
  map: FieldSchema
  /** Owned and replaced as a whole. */
  atomic?: true
}

/** A number within bounds; both are inclusive. */
export interface NumberSchema {
  integer: true
  minimum?: number
  maximum?: number
}

/** An object described in place. */
export interface StructSchema {
  struct: TypeDefinition
  name: string
}

export type FieldSchema = TypeName | ListSchema | MapSchema | NumberSchema | StructSchema

/** An object with named fields. */
export interface TypeDefinition {
  fields: Record<string, FieldSchema>
  required?: string[]
  /** Fields that are Go structs, not pointers: they exist as `{}` even if nobody set them. */
  structs?: string[]
  /** Default values of fields that a client may omit although they identify an item of a list. */
  defaults?: Record<string, string | number | boolean>
  /** Owned and replaced as a whole. */
  atomic?: true
  /** Fields that are not listed are kept unchanged; otherwise they are unknown. */
  open?: true
  /** Empty lists and maps stay: no Go type drops them. */
  keepsEmpty?: true
}
