import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Converter, OptionDefaults } from 'typedoc'

const packages = join(import.meta.dirname, '../packages')

/** The source of each entry, and the name by which users import it: what the packages' own `exports` say. */
const entries = ['oncekey', 'oncekey-cdk'].flatMap((name) => {
  const { exports } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([, paths]) => 'oncekey-source' in paths)
    .map(([path, paths]) => ({
      source: join(packages, name, paths['oncekey-source']),
      imported: join(name, path),
    }))
})

/** TypeDoc names modules by their files; users import them by other names. */
function nameModules(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context, reflection) => {
    const source = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName
    const entry = entries.find((known) => reflection.parent?.isProject() && known.source === source)
    if (entry !== undefined) reflection.name = entry.imported
  })
}

export default {
  name: 'Oncekey',
  entryPoints: entries.map(({ source }) => source),
  tsconfig: join(import.meta.dirname, 'tsconfig.json'),
  out: join(import.meta.dirname, 'api'),
  plugin: ['typedoc-plugin-markdown', 'typedoc-vitepress-theme', nameModules],
  docsRoot: join(import.meta.dirname, '..'),
  readme: 'none',
  excludeExternals: true,
  disableSources: true,
  hideGenerator: true,
  githubPages: false,
  // The CDK's own tag, for the resource that a construct makes.
  blockTags: [...OptionDefaults.blockTags, '@resource'],
  treatWarningsAsErrors: true,
}
