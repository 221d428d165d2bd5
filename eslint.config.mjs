import tseslint from 'typescript-eslint'

/**
 * The dependency rule of docs/architecture.md, as data: who may import whom below src/.
 *   commands → runbook → operations → { rollout, routing, verification, cluster } → model      report → model      all → lib
 *   cli wires.
 * Routing reads the cluster's API and gives the diagnosis its rules; the cluster knows no gateway. The sandbox stands alone: only its own commands import it.
 */
const layers = {
  lib: [],
  model: ['lib'],
  rollout: ['lib', 'model'],
  routing: ['lib', 'model', 'verification', 'cluster'],
  verification: ['lib', 'model'],
  cluster: ['lib', 'model'],
  report: ['lib', 'model'],
  operations: ['lib', 'model', 'rollout', 'routing', 'verification', 'cluster'],
  runbook: ['lib', 'model', 'rollout', 'routing', 'verification', 'cluster', 'operations'],
  cli: ['lib', 'model', 'rollout', 'routing', 'verification', 'cluster', 'report', 'operations', 'runbook'],
  sandbox: [],
  commands: [
    'lib',
    'model',
    'rollout',
    'routing',
    'verification',
    'cluster',
    'report',
    'operations',
    'runbook',
    'cli',
  ],
}

/** Rules for a layer's files: which other layers they must not import, and the packages that belong to one place. */
function layerRules(layer, options = {}) {
  const forbidden = Object.keys(layers).filter(
    (other) => other !== layer && !layers[layer].includes(other) && !(options.sandbox && other === 'sandbox'),
  )
  return {
    'no-restricted-imports': restrictedImports(layer, forbidden, options),
    // The same for `await import(…)`.
    'no-restricted-syntax': [
      'error',
      {
        selector: `ImportExpression[source.value=/^(\\.\\.\\u002F)+(${forbidden.join('|')})\\u002F/]`,
        message: `${layer} must not import this layer (see docs/architecture.md).`,
      },
    ],
  }
}

function restrictedImports(layer, forbidden, { spawns = false, colour = false }) {
  return [
    'error',
    {
      patterns: [
        ...forbidden.map((other) => ({
          regex: `^(\\.\\./)+${other}/`,
          message: `${layer} must not import ${other} (see docs/architecture.md).`,
        })),
        ...(spawns
          ? []
          : [
              {
                regex: '^(node:)?child_process$|^execa$',
                message: 'Only src/cluster and src/lib/process spawn processes.',
              },
            ]),
        ...(colour ? [] : [{ regex: '^chalk', message: 'Only src/report has colour.' }]),
      ],
    },
  ]
}

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'chart/', '**/fixtures/'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
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
  ...Object.keys(layers).map((layer) => ({
    files: [`src/${layer}/**/*.ts`],
    rules: layerRules(layer, { spawns: layer === 'cluster' || layer === 'lib', colour: layer === 'report' }),
  })),
  {
    // The commands of the sandbox, and their part of the CLI, are the one place that may reach into it; they start its process.
    files: ['src/commands/sandbox/**/*.ts'],
    rules: layerRules('commands', { spawns: true, sandbox: true }),
  },
  {
    files: ['src/cli/sandbox/**/*.ts'],
    rules: layerRules('cli', { spawns: true, sandbox: true }),
  },
  {
    // Real controllers and proxies are child processes.
    files: ['src/sandbox/real-gateways/**/*.ts'],
    rules: layerRules('sandbox', { spawns: true }),
  },
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
  { files: ['scripts/**', 'bench/**', 'soak/**'], rules: { 'no-console': 'off' } },
  { files: ['**/*.{js,mjs}'], ...tseslint.configs.disableTypeChecked },
)
