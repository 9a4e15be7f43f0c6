import { expect, test } from 'vitest'

test('the tests run on the pinned Node, whatever Node the machine has', () => {
  // An install without scripts leaves the machine's own Node in place, and says nothing.
  expect(process.version).toMatch(new RegExp(`^v${process.env.ONCEKEY_MATRIX ?? '24'}\\.`))
})
