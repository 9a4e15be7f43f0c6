import type { Jsonify } from 'type-fest'
import type { Store } from './protocol/store.ts'
import { unawaited } from './protocol/unawaited.ts'
import { type RunOnceOptions, runOnce } from './run-once.ts'

/** What `once` takes: what `runOnce` takes, with the key and the input found in the method's arguments. */
export interface OnceOptions<Args extends unknown[]> extends Omit<RunOnceOptions, 'name' | 'key' | 'input'> {
  /** What names this intent within the method, such as an order's id. */
  readonly key: (...args: Args) => string
  /** What the call works on: the same key with another input is refused. @default not compared */
  readonly input?: (...args: Args) => unknown
  /**
   * Which operation: give one where a bundler renames classes, or every build begins anew; and to a method that is
   * private, is called without its object, or has another decorator around this one, for then its class cannot be told.
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
 * @throws TypeError if no `name` is given and the method is private; or, when it is called, if no class from its `this`
 *   up has exactly this method.
 * @see {@link runOnce} for what else it throws
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
    // No class shows it, and a subclass may have its own of the same name.
    if (name === undefined && context.private) throw nameless(context.name, 'it is private')

    const onceOnly = async function (this: This, ...args: Args): Promise<Result> {
      const run = {
        ...claim,
        // A static method and one of the instances may have the same name.
        name:
          name ??
          `${context.static ? 'static ' : ''}${classNameOf(this, context, onceOnly)}.${String(context.name)}`,
        key: unawaited(key(...args)),
        ...(input && { input: unawaited(input(...args)) }),
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
 * The name of the class that has exactly this method: not of a subclass that inherits it, whose calls are of the same
 * intents, and not of one that has another method of that name, whose calls are of others.
 * @throws TypeError if there is none, or it has no name: every such class would be one.
 */
function classNameOf(
  self: unknown,
  { name, static: isStatic }: Pick<ClassMethodDecoratorContext, 'name' | 'static'>,
  method: unknown,
): string {
  for (
    let holder: unknown = self;
    holder !== null && holder !== undefined;
    holder = Object.getPrototypeOf(holder)
  ) {
    if (Object.getOwnPropertyDescriptor(holder, name)?.value !== method) continue
    const owner: unknown = isStatic ? holder : Object(holder).constructor
    // An object that was only handed the method is no class's, and its `constructor` is that of all objects.
    if (typeof owner !== 'function' || (!isStatic && owner.prototype !== holder)) continue
    const className: unknown = owner.name
    if (typeof className === 'string' && className !== '') return className
    throw nameless(name, 'its class has no name')
  }
  throw nameless(
    name,
    'it was called without its object, or something else stands in its place, such as a decorator around this one',
  )
}

function nameless(method: string | symbol, why: string): TypeError {
  return new TypeError(
    `once: which class ${String(method)} is of cannot be told, as ${why}: give the option name, such as 'Orders.charge'.`,
  )
}
