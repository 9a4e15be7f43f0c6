import { runInNewContext } from 'node:vm'
import { transformSync } from 'esbuild'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { KeyReusedError } from '../../packages/oncekey/src/core/errors.ts'
import { once } from '../../packages/oncekey/src/entries/once.ts'
import { runOnce } from '../../packages/oncekey/src/entries/run-once.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'

interface Order {
  readonly id: string
  readonly amount: number
}
interface Receipt {
  readonly order: string
  readonly till: string
  readonly run: number
}

function shop() {
  const store = memoryStore()
  class Till {
    runs = 0
    readonly #name: string
    constructor(name: string) {
      this.#name = name
    }

    @once(store, { service: 'shop', key: (order) => order.id, input: (order) => order })
    async charge(order: Order): Promise<Receipt> {
      this.runs += 1
      return { order: order.id, till: this.#name, run: this.runs }
    }

    @once(store, { service: 'shop', key: (order) => order.id })
    async refund(order: Order, reason?: string): Promise<string> {
      return `refunded ${order.id} ${reason}`
    }

    @once(store, { service: 'shop', key: (id: string) => id })
    static async open(id: string): Promise<string> {
      return `opened ${id}`
    }
  }
  return { store, Till }
}

const order: Order = { id: 'o-1', amount: 100 }

describe('a method with @once', () => {
  it('runs once per key, with its own this, and answers every repeat', async () => {
    const { Till } = shop()
    const till = new Till('left')
    const receipt = { order: 'o-1', till: 'left', run: 1 }

    expect(await till.charge(order)).toEqual(receipt)
    expect(await till.charge(order)).toEqual(receipt)
    expect(await new Till('right').charge(order)).toEqual(receipt)
    expect(till.runs).toBe(1)
  })

  it('is another operation than a method beside it', async () => {
    const { Till } = shop()
    const till = new Till('left')
    await till.charge(order)
    expect(await till.refund(order, 'broken')).toBe('refunded o-1 broken')
  })

  it('has the record of Class.method', async () => {
    const { store, Till } = shop()
    await new Till('left').charge(order)
    const same = { service: 'shop', name: 'Till.charge', key: 'o-1', input: order }
    expect(await runOnce(store, same, () => 'not run')).toEqual({ order: 'o-1', till: 'left', run: 1 })
  })

  it('has the record of its class in a subclass too, and the subclass has its own for what it overrides', async () => {
    const { store, Till } = shop()
    class FastTill extends Till {
      @once(store, { service: 'shop', key: (order) => order.id })
      override async refund(order: Order): Promise<string> {
        return `fast, and ${await super.refund(order, 'slow')}`
      }
    }
    await new Till('left').charge(order)
    const fast = new FastTill('fast')
    await fast.charge(order)
    expect(fast.runs).toBe(0)
    expect(await fast.refund(order)).toBe('fast, and refunded o-1 slow')
    expect(await new Till('left').refund(order)).toBe('refunded o-1 slow')
  })

  it('may be static', async () => {
    const { store, Till } = shop()
    expect(await Till.open('t-1')).toBe('opened t-1')
    const same = { service: 'shop', name: 'static Till.open', key: 't-1' }
    expect(await runOnce(store, same, () => 'not run')).toBe('opened t-1')
  })

  it('of the instances is not a static one of the same name', async () => {
    const store = memoryStore()
    const key = (id: string) => id
    class Safe {
      @once(store, { service: 'shop', key })
      static async open(id: string): Promise<string> {
        return `the firm opened ${id}`
      }
      @once(store, { service: 'shop', key })
      async open(id: string): Promise<string> {
        return `this one opened ${id}`
      }
    }
    expect(await Safe.open('s-1')).toBe('the firm opened s-1')
    expect(await new Safe().open('s-1')).toBe('this one opened s-1')
  })

  it('may be bound to its object, and may be private if it is given a name', async () => {
    const store = memoryStore()
    class Safe {
      runs = 0
      readonly bound: (id: string) => Promise<number>
      constructor() {
        this.bound = this.open.bind(this)
      }
      @once(store, { service: 'shop', key: (id: string) => id })
      async open(id: string): Promise<number> {
        return this.#turn(id)
      }
      @once(store, { service: 'shop', name: 'Safe.turn', key: (id: string) => id })
      async #turn(_id: string): Promise<number> {
        this.runs += 1
        return this.runs
      }
    }
    const safe = new Safe()
    expect([await safe.bound('a'), await safe.open('a'), await safe.bound('b')]).toEqual([1, 1, 2])
  })

  it('refuses a key that came before with another input', async () => {
    const { Till } = shop()
    const till = new Till('left')
    await till.charge(order)
    await expect(till.charge({ ...order, amount: 200 })).rejects.toThrow(KeyReusedError)
  })

  it('passes on what it throws, and runs again', async () => {
    const store = memoryStore()
    class Line {
      tries = 0
      @once(store, { service: 'shop', key: (id: string) => id })
      async call(_id: string): Promise<number> {
        this.tries += 1
        if (this.tries === 1) throw new RangeError('engaged')
        return this.tries
      }
    }
    const line = new Line()
    await expect(line.call('a')).rejects.toThrow(RangeError)
    expect(await line.call('a')).toBe(2)
  })

  it('keeps its name, its number of parameters and its type', () => {
    const { Till } = shop()
    const { charge } = Till.prototype
    expect([charge.name, charge.length]).toEqual(['charge', 1])
    expectTypeOf(charge).toEqualTypeOf<(order: Order) => Promise<Receipt>>()
  })

  it('can be named, for builds that rename classes', async () => {
    const store = memoryStore()
    class A {
      @once(store, { service: 'shop', name: 'Orders.charge', key: (id: string) => id })
      async a(id: string): Promise<string> {
        return id
      }
    }
    await new A().a('o-1')
    expect(
      await runOnce(store, { service: 'shop', name: 'Orders.charge', key: 'o-1' }, () => 'not run'),
    ).toBe('o-1')
  })

  it('of a class without a name must be given one', async () => {
    const store = memoryStore()
    const classes = [
      class {
        @once(store, { service: 'shop', key: (id: string) => id })
        async charge(id: string): Promise<string> {
          return id
        }
      },
    ]
    for (const Nameless of classes) {
      Object.defineProperty(Nameless, 'name', { value: '' })
      await expect(new Nameless().charge('o-1')).rejects.toThrow(
        "cannot determine the class of charge, because its class has no name. Set the option name, such as 'Orders.charge'.",
      )
    }
  })

  it('that is private is refused without a name when its class is made: a subclass may have another', () => {
    const declare = () => {
      class Safe {
        @once(memoryStore(), { service: 'shop', key: (id: string) => id })
        async #turn(id: string): Promise<string> {
          return id
        }
        turn = (id: string) => this.#turn(id)
      }
      return Safe
    }
    expect(declare).toThrow(TypeError)
    expect(declare).toThrow('cannot determine the class of #turn, because it is private. Set the option name')
  })

  it('keeps the record of its class on an object that holds the method itself too', async () => {
    const { store, Till } = shop()
    class Kept extends Till {
      override charge = Till.prototype.charge
    }
    await new Kept('left').charge(order)
    const same = { service: 'shop', name: 'Till.charge', key: 'o-1', input: order }
    expect(await runOnce(store, same, () => 'not run')).toMatchObject({ till: 'left' })
  })

  it('is refused at once without a function for its key', () => {
    expect(() => once(memoryStore(), { service: 'shop', key: 'id' as never })).toThrow(/key to be a function/)
  })

  it('does not compile if JSON would make another value of its result', () => {
    const store = memoryStore()
    class Calendar {
      // @ts-expect-error a Date comes back from the record as a string
      @once(store, { service: 'shop', key: (id: string) => id })
      async day(_id: string): Promise<Date> {
        return new Date(0)
      }
      @once(store, { service: 'shop', key: (id: string) => id })
      async nothing(_id: string): Promise<void> {}
    }
    expect(Calendar.name).toBe('Calendar')
  })
})

/** What a tracer, a logger or a guard makes of a method: another one around it. */
const traced = <This, Args extends unknown[], Result>(
  method: (this: This, ...args: Args) => Promise<Result>,
  _context: unknown,
) =>
  async function (this: This, ...args: Args): Promise<Result> {
    return await method.apply(this, args)
  }

describe('a method with @once whose class cannot be told', () => {
  /** Two classes with a method of one name: one takes the money, the other gives it back. */
  function twoClasses(named: (name: string) => { readonly name?: string }) {
    const store = memoryStore()
    let charges = 0
    class Orders {
      @once(store, { service: 'shop', key: ({ id }) => id, ...named('orders') })
      async charge({ id }: Order): Promise<string> {
        charges += 1
        return `charged ${id}`
      }
      @once(store, { service: 'shop', key: ({ id }) => id, ...named('till') })
      static async open({ id }: Order): Promise<string> {
        return `opened ${id}`
      }
    }
    class Refunds {
      @once(store, { service: 'shop', key: ({ id }) => id, ...named('refunds') })
      async charge({ id }: Order): Promise<string> {
        return `refunded ${id}`
      }
    }
    return { charges: () => charges, Orders, Refunds }
  }

  const { Orders, Refunds, charges } = twoClasses(() => ({}))
  const { charge: detached } = new Refunds()
  const bag = { charge: new Orders().charge, open: Orders.open }
  it.each<[string, () => Promise<unknown>]>([
    ['was taken off its object', () => detached(order)],
    ['was handed on as a function', () => Promise.all([order].map(new Orders().charge))],
    ['was put into another object', () => bag.charge(order)],
    ['is static, and was put into an object', () => bag.open(order)],
    ['was called on an object of another class', () => new Orders().charge.call(new Refunds(), order)],
  ])('is refused if it %s, and asks for the option name', async (_how, call) => {
    await expect(call()).rejects.toThrow(TypeError)
    await expect(call()).rejects.toThrow(/because it was called without its object/)
    await expect(call()).rejects.toThrow(/Set the option name/)
    expect(charges()).toBe(0)
  })

  it('is its own operation by its name, however it is called', async () => {
    const { Orders, Refunds, charges } = twoClasses((name) => ({ name }))
    const orders = new Orders()
    const { charge: refund } = new Refunds()
    expect(await orders.charge(order)).toBe('charged o-1')
    expect(await Promise.all([order].map(orders.charge))).toEqual(['charged o-1'])
    expect(await refund(order)).toBe('refunded o-1')
    expect(charges()).toBe(1)
  })

  /** Two subclasses that override one method, each with a decorator around `once`. */
  function twoOverrides(named: (name: string) => { readonly name?: string }) {
    const store = memoryStore()
    class Payment {
      async settle(_order: Order): Promise<string> {
        return 'abstract'
      }
    }
    class Charge extends Payment {
      @traced
      @once(store, { service: 'shop', key: ({ id }) => id, ...named('charge') })
      override async settle({ id }: Order): Promise<string> {
        return `charged ${id}`
      }
    }
    class Refund extends Payment {
      @traced
      @once(store, { service: 'shop', key: ({ id }) => id, ...named('refund') })
      override async settle({ id }: Order): Promise<string> {
        return `refunded ${id}`
      }
    }
    return [new Charge(), new Refund()]
  }

  it('is refused if another decorator stands around it, and runs nothing', async () => {
    for (const payment of twoOverrides(() => ({}))) {
      await expect(payment.settle(order)).rejects.toThrow(
        /or another decorator or function replaces it there. Set the option name/,
      )
    }
  })

  it('may have another decorator around it if it has a name', async () => {
    const settled = twoOverrides((name) => ({ name })).map((payment) => payment.settle(order))
    expect(await Promise.all(settled)).toEqual(['charged o-1', 'refunded o-1'])
  })
})

describe('a decoration that protects nothing is refused when its class is defined', () => {
  /** Builds a class as another compiler would, and defines it. */
  const define = (code: string, experimentalDecorators: boolean) => {
    const built = transformSync(code, {
      loader: 'ts',
      target: 'es2022',
      tsconfigRaw: { compilerOptions: { experimentalDecorators, useDefineForClassFields: true } },
    })
    const decorator = once(memoryStore(), { service: 'shop', key: (id: string) => id })
    return runInNewContext(`${built.code}; Orders`, { decorator })
  }
  const method = 'class Orders { @decorator async charge(id) { return id } }'
  const ofField = 'class Orders { @decorator charge = async (id) => id }'
  const isExperimental = /^once: expected a TC39 decorator call, got one of experimentalDecorators\./

  it.each<[string, string, boolean, RegExp]>([
    ['a method under experimentalDecorators', method, true, isExperimental],
    ['a static method under them', method.replace('async', 'static async'), true, isExperimental],
    ['a field under them', ofField, true, isExperimental],
    ['a class under them', '@decorator class Orders {}', true, isExperimental],
    ['a field', ofField, false, /^once: expected to decorate a method, got kind "field"\./],
    ['a static field', ofField.replace('charge', 'static charge'), false, /got kind "field"/],
    ['a getter', 'class Orders { @decorator get charge() { return 1 } }', false, /got kind "getter"/],
    ['a setter', 'class Orders { @decorator set charge(id) {} }', false, /got kind "setter"/],
    ['an accessor', 'class Orders { @decorator accessor charge = 1 }', false, /got kind "accessor"/],
    ['a class', '@decorator class Orders {}', false, /got kind "class"/],
  ])('%s', (_, code, isLegacy, message) => {
    expect(() => define(code, isLegacy)).toThrow(TypeError)
    expect(() => define(code, isLegacy)).toThrow(message)
  })

  it('and a method is not', async () => {
    const Orders = define(method, false)
    expect(await new Orders().charge('o-1')).toBe('o-1')
  })
})
