import { describe, expect, expectTypeOf, it } from 'vitest'
import { once } from '../../packages/oncekey/src/decorator.ts'
import { KeyReusedError } from '../../packages/oncekey/src/protocol/errors.ts'
import { runOnce } from '../../packages/oncekey/src/run-once.ts'
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
    const same = { service: 'shop', name: 'Till.open', key: 't-1' }
    expect(await runOnce(store, same, () => 'not run')).toBe('opened t-1')
  })

  it('may be private, or bound to its object', async () => {
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
      @once(store, { service: 'shop', key: (id: string) => id })
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
      await expect(new Nameless().charge('o-1')).rejects.toThrow('the class of charge has no name')
    }
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
