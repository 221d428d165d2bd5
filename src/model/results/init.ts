export interface InitFile {
  path: string
  content: string
}

export interface InitResult {
  app: string
  namespace: string
  dryRun: boolean
  /** Those that were written, or would be. */
  files: InitFile[]
  /** Fields of the Deployment that the values can't say. */
  notCarriedOver: LeftOut[]
  /** What is to be known before the app is installed, a sentence each. */
  notes: string[]
  next: string[]
}

/** A field that the values can't say, and why. */
export interface LeftOut {
  field: string
  reason: string
}
