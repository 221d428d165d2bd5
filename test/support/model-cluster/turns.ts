/** Whoever acts on the model: an operator's canary, a helm, or the cluster itself. */
export class Actor {
  /** Killed: what it was about to do never happens, what waits for it is never told. */
  dead = false
  /** Atomic actions so far. */
  actions = 0
  /** Called before each of its actions: may kill it. */
  beforeAction: () => void = () => {}

  constructor(
    readonly name: string,
    readonly host = 'host',
  ) {}
}

/**
 * Who may do the next atomic action on the model, and what time it is there. An action that has the model wait its turn
 * is one `await` of the code under test; what is done within an action nobody can come between.
 */
export interface Turns {
  /** Milliseconds. */
  now(): number
  act<T>(who: Actor, label: string, action: () => T): Promise<T>
  /** Waits for the condition, at most until `deadline`; resolves with whether it was met. */
  until(who: Actor, label: string, condition: () => boolean, deadline: number): Promise<boolean>
  /** Something that happens by itself, at the earliest `afterMs` from now. */
  later(who: Actor, label: string, action: () => void, afterMs?: number): void
}

/** Everybody acts at once, what happens by itself has happened already, and what is waited for in vain is over. */
export const AT_ONCE: Turns = {
  now: () => Date.now(),
  act: (_who, _label, action) => new Promise((resolve) => resolve(action())),
  until: (_who, _label, condition) => Promise.resolve(condition()),
  later: (_who, _label, action) => action(),
}

interface Task {
  who: Actor
  label: string
  since: number
  isDue: () => boolean
  /** When it is due at the latest; undefined where only its condition counts. */
  at?: number
  run: () => void
}

/** More than any story has; who goes on then goes round in circles. */
const MOST_TURNS = 5000

/** A turn lasts one of these, milliseconds. */
const LASTS_MS = [0, 20, 200, 1000]

/**
 * One action at a time, in an order that the choices say: numbers, each of which picks one of those who could go on and
 * how long it takes. Once they are used up, whoever has waited longest goes on. The clock goes on with the turns, and
 * leaps where all wait.
 */
export class ChosenTurns implements Turns {
  /** What was done, `who: what`, oldest first. */
  readonly trace: string[] = []
  private tasks: Task[] = []
  private clock = Date.parse('2026-01-01T00:00:00Z')
  private used = 0

  constructor(
    private readonly choices: number[],
    private readonly options: {
      /** Called after each action; throws where a rule was broken. */
      afterEach: (label: string) => void
      /** How long somebody may be kept waiting, milliseconds: a helm is not slowed down for ever. */
      patienceMs: (who: Actor) => number
    },
  ) {}

  now(): number {
    return this.clock
  }

  act<T>(who: Actor, label: string, action: () => T): Promise<T> {
    return new Promise((resolve) => {
      const run = () => resolve(new Promise((done) => done(action())))
      this.add({ who, label, since: this.clock, isDue: () => true, run })
    })
  }

  until(who: Actor, label: string, condition: () => boolean, deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      this.add({
        who,
        label,
        since: this.clock,
        isDue: () => condition() || this.clock >= deadline,
        at: deadline,
        run: () => resolve(condition()),
      })
    })
  }

  later(who: Actor, label: string, action: () => void, afterMs = 0): void {
    const at = this.clock + afterMs
    this.add({ who, label, since: at, isDue: () => this.clock >= at, at, run: action })
  }

  /** Runs until `end` has settled and nothing is left to happen. Throws what `afterEach` throws. */
  async run(end: Promise<unknown>): Promise<void> {
    let over = false
    const ended = () => (over = true)
    end.then(ended, ended)
    for (;;) {
      await new Promise(setImmediate)
      this.tasks = this.tasks.filter(({ who }) => !who.dead)
      const task = this.next()
      if (task) this.take(task)
      else if (!this.leap()) {
        if (over) return
        throw new Error(`nobody can go on: ${this.tasks.map(({ label }) => label).join(', ')}`)
      }
    }
  }

  private add(task: Task): void {
    if (!task.who.dead) this.tasks.push(task)
  }

  private next(): Task | undefined {
    const due = this.tasks.filter((task) => task.isDue())
    if (due.length === 0) return undefined
    const choice = this.choices[this.used] ?? 0
    this.used += 1
    const { patienceMs } = this.options
    const overdue = due.find(({ who, since }) => this.clock - since > patienceMs(who))
    this.clock += LASTS_MS[Math.floor(choice / 64) % LASTS_MS.length] ?? 0
    return overdue ?? due[choice % due.length]
  }

  private take(task: Task): void {
    this.tasks = this.tasks.filter((other) => other !== task)
    const { who, label } = task
    if (this.trace.length >= MOST_TURNS) throw new Error(`no end: ${this.trace.slice(-40).join('\n')}`)
    who.actions += 1
    who.beforeAction()
    if (who.dead) {
      this.trace.push(`${who.name}: killed before: ${label}`)
      return
    }
    this.trace.push(`${who.name}: ${label}`)
    task.run()
    this.options.afterEach(label)
  }

  /** Lets the time pass until the next one is due. */
  private leap(): boolean {
    const times = this.tasks.flatMap(({ at }) => at ?? []).filter(Number.isFinite)
    if (times.length === 0) return false
    this.clock = Math.max(this.clock, Math.min(...times))
    return true
  }
}
