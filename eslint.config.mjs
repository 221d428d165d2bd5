import importX, { createNodeResolver } from 'eslint-plugin-import-x'
import tseslint from 'typescript-eslint'

/**
 * The dependency rule of docs/architecture.md, as data: who may import whom below src/.
 *   commands → runbook → operations → { rollout, verification, cluster } → model      report → model      cli wires
 * The sandbox stands alone: only its own commands import it.
 */
const layers = {
  model: [],
  rollout: ['model'],
  verification: ['model'],
  cluster: ['model'],
  report: ['model'],
  operations: ['model', 'rollout', 'verification', 'cluster'],
  cli: ['model', 'rollout', 'verification', 'cluster', 'report', 'operations'],
  sandbox: [],
  commands: ['model', 'rollout', 'verification', 'cluster', 'report', 'operations', 'cli'],
}

const allLayers = Object.keys(layers)
const zones = allLayers.flatMap((layer) =>
  allLayers
    .filter((other) => other !== layer && !layers[layer].includes(other))
    .map((other) => ({
      // The commands of the sandbox are the one place that may reach into it.
      target: layer === 'commands' && other === 'sandbox' ? './src/commands/*.ts' : `./src/${layer}`,
      from: `./src/${other}`,
      message: `${layer} must not import ${other} (see docs/architecture.md).`,
    })),
)

const outside = (names, message) => ({ group: names, message })

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'chart/', '**/fixtures/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [
        createNodeResolver({ extensions: ['.ts', '.js'], extensionAlias: { '.js': ['.ts', '.js'] } }),
      ],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      'import-x/no-cycle': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-process-exit': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            outside(['node:child_process', 'child_process', 'execa'], 'Only src/cluster spawns processes.'),
            outside(['chalk'], 'Only src/report has colour.'),
          ],
        },
      ],
    },
  },
  {
    files: ['src/cluster/**/*.ts', 'src/commands/sandbox/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [outside(['chalk'], 'Only src/report has colour.')] }],
    },
  },
  { files: ['src/report/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['src/commands/sandbox/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    // Kubernetes objects are open-ended data here, checked by schema at run time instead of by type.
    files: ['src/sandbox/**/*.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: ['scripts/**', 'bench/**'], rules: { 'no-console': 'off' } },
  { files: ['**/*.{js,mjs}'], ...tseslint.configs.disableTypeChecked },
)
