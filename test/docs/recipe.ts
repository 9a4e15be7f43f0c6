import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { expect, vi } from 'vitest'
import { blocksOf, root } from './pages.ts'

export type Handler = (
  event: APIGatewayProxyEventV2,
  context: Context,
) => Promise<APIGatewayProxyStructuredResultV2>

/** The handler of a recipe, as the page has it: the one block that contains the words. What it takes as given is stubbed. */
export async function recipe(words: string, given: Readonly<Record<string, unknown>>): Promise<Handler> {
  for (const [name, value] of Object.entries(given)) vi.stubGlobal(name, value)
  const found = blocksOf('docs/recipes.md').filter(({ code }) => code.includes(words))
  expect(found).toHaveLength(1)
  const folder = join(root, 'reports/docs/recipes')
  const path = join(folder, `line-${found[0]?.line}.ts`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, found[0]?.code ?? '')
  // Made anew, because the handler keeps what is given now.
  const { handler } = await import(`${path}?${randomUUID()}`)
  return handler
}
