export interface InitFile {
  path: string
  content: string
}

export interface InitResult {
  app: string
  namespace: string
  dryRun: boolean
  /** Files that were written, or would be. */
  files: InitFile[]
  /** Fields of the Deployment that the values cannot express. */
  notCarriedOver: LeftOut[]
  /** What to know before the app is installed, a sentence each. */
  notes: string[]
  next: string[]
}

/** A field that the values cannot express, and why. */
export interface LeftOut {
  field: string
  reason: string
}
