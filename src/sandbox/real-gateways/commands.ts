/** Command lines and configuration of the real programs, as pure functions. */

type Command = [program: string, ...args: string[]]

/** Contour's own shift of a listener's port to one that Envoy's container opens. */
export function contourContainerPort(listenerPort: number): number {
  let port = listenerPort + 8000
  if (port > 65_535) port -= 65_535
  return port <= 1023 ? port + 1023 : port
}

/** Contour's configuration file (JSON is YAML). */
export function contourConfig({ namespace, name }: { namespace: string; name: string }): string {
  return JSON.stringify({ gateway: { gatewayRef: { namespace, name } } })
}

/** Addresses of Contour's own interfaces, all on the loopback interface. */
export interface ContourPorts {
  xds: number
  health: number
  metrics: number
  debug: number
  /** What it tells Envoy to open beside the Gateway's listeners. */
  stats: number
}

export function contourServe(
  contour: string,
  {
    kubeconfig,
    config,
    service,
    ports,
  }: {
    kubeconfig: string
    config: string
    service: { namespace: string; name: string }
    ports: ContourPorts
  },
): Command {
  const listen = (name: string, port: number) => [`--${name}-address=127.0.0.1`, `--${name}-port=${port}`]
  return [
    contour,
    'serve',
    '--insecure',
    '--disable-leader-election',
    `--kubeconfig=${kubeconfig}`,
    `--config-path=${config}`,
    `--envoy-service-namespace=${service.namespace}`,
    `--envoy-service-name=${service.name}`,
    '--envoy-service-http-address=127.0.0.1',
    '--envoy-service-https-address=127.0.0.1',
    ...listen('xds', ports.xds),
    ...listen('health', ports.health),
    ...listen('http', ports.metrics),
    ...listen('debug-http', ports.debug),
    ...listen('stats', ports.stats),
  ]
}

/** Writes the start configuration of an Envoy that Contour feeds. */
export function contourBootstrap(
  contour: string,
  { file, folder, admin, xds }: { file: string; folder: string; admin: string; xds: number },
): Command {
  return [
    contour,
    'bootstrap',
    '--xds-address=127.0.0.1',
    `--xds-port=${xds}`,
    `--admin-address=${admin}`,
    `--resources-dir=${folder}`,
    file,
  ]
}

export function envoyServe(envoy: string, { file, node }: { file: string; node: string }): Command {
  return [
    envoy,
    '--config-path',
    file,
    '--service-cluster',
    'gateways',
    '--service-node',
    node,
    '--disable-hot-restart',
    '--concurrency',
    '2',
    '--log-level',
    'info',
  ]
}

/** Traefik is controller and proxy in one; an entry point has the port of the Gateway's listener. */
export function traefikServe(traefik: string, { ip, port }: { ip: string; port: number }): Command {
  return [
    traefik,
    '--global.checknewversion=false',
    '--global.sendanonymoususage=false',
    `--entryPoints.web.address=${ip}:${port}`,
    '--providers.kubernetesgateway=true',
    '--providers.kubernetesgateway.statusAddress.ip=127.0.0.1',
    '--log.level=INFO',
  ]
}
