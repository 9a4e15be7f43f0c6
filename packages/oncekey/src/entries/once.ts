import { ignoreRejection } from '../core/log.ts'
import type { Jsonify } from '../core/result.ts'
import type { Store } from '../core/store.ts'
import type { OnceOptions } from '../options.ts'
import { runOnce } from './run-once.ts'

/** A method whose result is the same after a JSON round trip, so that its first caller and its repeats get the same. */
type OnceMethod<This, Args extends unknown[], Result> = (
  this: This,
  ...args: Args
) => Promise<Result> & ([Jsonify<Result>] extends [Result] ? unknown : never)

type MethodContext<This, Args extends unknown[], Result> = ClassMethodDecoratorContext<
  This,
  (this: This, ...args: Args) => Promise<Result>
>

/**
 * Decorates a method (TC39 decorators, TypeScript 5 or later) so that it runs once per key, on any host, and answers
 * every repeat with its result. The method keeps its `this`, its name and its type.
 *
 * @param table the table's name, or a store.
 * @throws TypeError when the class is defined, if it decorates anything but a method, is compiled with
 *   `experimentalDecorators`, or has no `name` for a private method; and when the method is called, if no class from its
 *   `this` up has exactly this method.
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
  context: MethodContext<This, Args, Result>,
) => (this: This, ...args: Args) => Promise<Result> {
  const { key, input, name, ...claimOptions } = options
  if (typeof key !== 'function') {
    throw new TypeError(`once: expected key to be a function of the method's arguments, got ${typeof key}.`)
  }

  return <This, Result>(
    method: OnceMethod<This, Args, Result>,
    context: MethodContext<This, Args, Result>,
  ) => {
    checkDecoration(method, context)
    // No class shows a private method, and a subclass may have its own of the same name.
    if (name === undefined && context.private) throw unknownClass(context.name, 'it is private')

    const runMethodOnce = async function (this: This, ...args: Args): Promise<Result> {
      const run = {
        ...claimOptions,
        // A static method and an instance method may have the same name.
        name:
          name ??
          `${context.static ? 'static ' : ''}${classNameOf(this, context, runMethodOnce)}.${String(context.name)}`,
        key: ignoreRejection(key(...args)),
        ...(input && { input: ignoreRejection(input(...args)) }),
      }
      // The type of `method` ensures that a JSON round trip does not change its result.
      return (await runOnce(table, run, () => method.apply(this, args))) as Result
    }
    for (const property of ['name', 'length'] as const) {
      Object.defineProperty(runMethodOnce, property, { value: method[property], configurable: true })
    }
    return runMethodOnce
  }
}

/** With `experimentalDecorators`, a returned function would be ignored, and the method would run without protection. */
function checkDecoration(method: unknown, context: unknown): void {
  const kind =
    typeof context === 'object' && context !== null && 'kind' in context ? String(context.kind) : undefined
  if (kind === undefined) {
    throw new TypeError(
      'once: expected a TC39 decorator call, got one of experimentalDecorators. Remove that option from tsconfig.json, or call runOnce inside the method.',
    )
  }
  if (kind !== 'method' || typeof method !== 'function') {
    throw new TypeError(
      `once: expected to decorate a method, got kind "${kind}". Decorate a method, or call runOnce.`,
    )
  }
}

/**
 * Returns the name of the class that has exactly this method: not of a subclass that inherits it, whose calls are the
 * same operation, nor of one that overrides it, whose calls are another.
 * @throws TypeError if there is none, or it has no name: every such class would be the same.
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
    // An object that was only assigned the method belongs to no class, and its `constructor` is that of all objects.
    if (typeof owner !== 'function' || (!isStatic && owner.prototype !== holder)) continue
    const className: unknown = owner.name
    if (typeof className === 'string' && className !== '') return className
    throw unknownClass(name, 'its class has no name')
  }
  throw unknownClass(
    name,
    'it was called without its object, or another decorator or function replaces it there',
  )
}

function unknownClass(method: string | symbol, reason: string): TypeError {
  return new TypeError(
    `once: cannot determine the class of ${String(method)}, because ${reason}. Set the option name, such as 'Orders.charge'.`,
  )
}
