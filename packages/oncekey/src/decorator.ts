import type { Jsonify } from 'type-fest'
import type { Store } from './protocol/store.ts'
import { type RunOnceOptions, runOnce } from './run-once.ts'

/** What `once` takes: what `runOnce` takes, with the key and the input found in the method's arguments. */
export interface OnceOptions<Args extends unknown[]> extends Omit<RunOnceOptions, 'name' | 'key' | 'input'> {
  /** What names this intent within the method, such as an order's id. */
  readonly key: (...args: Args) => string
  /** What the call works on: the same key with another input is refused. @default not compared */
  readonly input?: (...args: Args) => unknown
  /**
   * Which operation: give one where a bundler renames classes, or every build begins anew.
   * @default `Class.method`, with the class that has the method
   */
  readonly name?: string
}

/** A method whose result is what JSON makes of it, so that its first caller and its repeats get the same. */
type OnceMethod<This, Args extends unknown[], Result> = (
  this: This,
  ...args: Args
) => Promise<Result> & ([Jsonify<Result>] extends [Result] ? unknown : never)

/**
 * A decorator (TC39, TypeScript 5 or later) that runs a method once per key, on any host, and answers every repeat
 * with its result. The method keeps its `this`, its name and its type.
 *
 * @param table the table's name, or a store.
 * @see {@link runOnce} for what it throws
 * @example
 * ```ts
 * class Orders {
 *   @once(table, { service: 'shop', key: (order: Order) => order.id })
 *   async charge(order: Order): Promise<Receipt> { … }
 * }
 * ```
 */
export function once<Args extends unknown[]>(
  table: string | Store,
  options: OnceOptions<Args>,
): <This, Result>(
  method: OnceMethod<This, Args, Result>,
  context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<Result>>,
) => (this: This, ...args: Args) => Promise<Result> {
  const { key, input, name, ...claim } = options
  if (typeof key !== 'function') {
    throw new TypeError(`once: expected key to be a function of the method's arguments, got ${typeof key}.`)
  }

  return <This, Result>(
    method: OnceMethod<This, Args, Result>,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<Result>>,
  ) => {
    const onceOnly = async function (this: This, ...args: Args): Promise<Result> {
      const run = {
        ...claim,
        name: name ?? `${classNameOf(this, context.name, onceOnly)}.${String(context.name)}`,
        key: key(...args),
        ...(input && { input: input(...args) }),
      }
      // The type of `method` says that JSON makes no other value of its result.
      return (await runOnce(table, run, () => method.apply(this, args))) as Result
    }
    for (const property of ['name', 'length'] as const) {
      Object.defineProperty(onceOnly, property, { value: method[property], configurable: true })
    }
    return onceOnly
  }
}

/**
 * The name of the class that has the method: not of a subclass that inherits it, whose calls are of the same intents.
 * @throws TypeError if the class has none: every such class would be one.
 */
function classNameOf(self: unknown, methodName: PropertyKey, method: unknown): string {
  let found: unknown = self
  for (
    let holder: unknown = self;
    holder !== null && holder !== undefined;
    holder = Object.getPrototypeOf(holder)
  ) {
    const own = Object.getOwnPropertyDescriptor(holder, methodName)
    if (own !== undefined) found = holder
    if (own?.value === method) break
  }
  // A static method's holder is the class itself.
  const named: unknown = typeof found === 'function' ? found : Object(found).constructor
  const className: unknown = typeof named === 'function' ? named.name : ''
  if (typeof className === 'string' && className !== '') return className
  throw new TypeError(`once: the class of ${String(methodName)} has no name; give the option name.`)
}
