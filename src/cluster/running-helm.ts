export function helmRuns(_app: string, _namespace: string): Promise<boolean> {
  throw new Error('being written')
}
