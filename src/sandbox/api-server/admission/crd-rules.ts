/** Reports a problem of one field. */
export type Collect = (reason: string, field: string, message: string) => void

export const PRECISE_HOSTNAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
export const HOSTNAME = /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

export function required(collect: Collect, field: string): void {
  collect('FieldValueRequired', field, 'Required value')
}

/** A rule written in CEL: the value is printed as its type only, unless it is a scalar. */
export function rule(collect: Collect, field: string, message: string, value?: unknown): void {
  const shown = value === undefined ? '"object"' : JSON.stringify(value)
  collect('FieldValueInvalid', field, `Invalid value: ${shown}: ${message}`)
}

export function matches(collect: Collect, field: string, value: string, pattern: RegExp): void {
  if (pattern.test(value)) return
  const message = `${field} in body should match '${pattern.source}'`
  collect('FieldValueInvalid', field, `Invalid value: ${JSON.stringify(value)}: ${message}`)
}

export function oneOf(collect: Collect, field: string, value: unknown, choices: unknown[]): void {
  if (value === undefined || choices.includes(value)) return
  const supported = choices.map((choice) => JSON.stringify(choice)).join(', ')
  collect(
    'FieldValueNotSupported',
    field,
    `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported}`,
  )
}

export function size(
  collect: Collect,
  field: string,
  list: unknown[] | undefined,
  least: number,
  most: number,
): void {
  const count = list?.length ?? 0
  if (count > most) collect('FieldValueTooMany', field, `Too many: ${count}: must have at most ${most} items`)
  else if (count < least && (list !== undefined || least > 0)) {
    if (list === undefined) return required(collect, field)
    const message = `${field} in body should have at least ${least} items`
    collect('FieldValueInvalid', field, `Invalid value: ${count}: ${message}`)
  }
}

/** Items of a list that is a map by name. */
export function uniqueNames(collect: Collect, field: string, list: { name?: string }[] = []): void {
  list.forEach(({ name }, index) => {
    if (list.findIndex((other) => other.name === name) < index)
      collect('FieldValueDuplicate', `${field}[${index}]`, `Duplicate value: ${JSON.stringify({ name })}`)
  })
}
