/** One finding of `doctor`. */
export interface Finding {
  check: string
  status: 'ok' | 'warning' | 'problem'
  detail: string
  remedy?: string
}

export interface DoctorResult {
  findings: Finding[]
  problems: number
}
