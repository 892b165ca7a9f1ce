#include "storage/schema.h"

namespace minidock::storage {

// Times are nanoseconds since the epoch. A row exists only for what is whole on disk (layers, images) or reserved
// (containers, endpoints, ports); digests are "sha256:<hex>". containers.definition is JSON, whose "Layers" the garbage
// collector reads. volumes.options and .labels and secrets.labels are JSON objects (labels NULL: none were asked for),
// volumes.owner the id maps of the container whose ids the data have. networks.settings is a JSON object,
// endpoints.names the words by which others find it, with single spaces between, and .egress where it may begin
// connections to (network/egress_rule.h).
const char kSchema[] = R"sql(
CREATE TABLE layers(
  diff_id TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  created INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE images(
  id TEXT PRIMARY KEY,
  config TEXT NOT NULL,
  size INTEGER NOT NULL,
  pulled INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE image_layers(
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  diff_id TEXT NOT NULL REFERENCES layers(diff_id),
  blob_digest TEXT,
  PRIMARY KEY(image_id, position)) WITHOUT ROWID;
CREATE INDEX image_layers_diff_id ON image_layers(diff_id);

CREATE TABLE tags(
  reference TEXT PRIMARY KEY,
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX tags_image ON tags(image_id);

CREATE TABLE repo_digests(
  reference TEXT PRIMARY KEY,
  image_id TEXT NOT NULL REFERENCES images(id) ON DELETE CASCADE) WITHOUT ROWID;
CREATE INDEX repo_digests_image ON repo_digests(image_id);

CREATE TABLE containers(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  image_id TEXT NOT NULL,
  definition TEXT NOT NULL,
  status TEXT NOT NULL,
  state TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX containers_image ON containers(image_id);

CREATE TABLE networks(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  interface TEXT NOT NULL UNIQUE,
  subnet TEXT NOT NULL,
  gateway TEXT NOT NULL,
  last_address TEXT NOT NULL,
  created INTEGER NOT NULL,
  settings TEXT NOT NULL DEFAULT '{}',
  ipv6_subnet TEXT NOT NULL DEFAULT '',
  ipv6_gateway TEXT NOT NULL DEFAULT '') WITHOUT ROWID;

CREATE TABLE endpoints(
  network_id TEXT NOT NULL REFERENCES networks(id),
  address TEXT NOT NULL,
  container_id TEXT NOT NULL,
  endpoint_id TEXT NOT NULL,
  names TEXT NOT NULL DEFAULT '',
  ipv6_address TEXT NOT NULL DEFAULT '',
  egress TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(network_id, address)) WITHOUT ROWID;
CREATE INDEX endpoints_container ON endpoints(container_id);
CREATE UNIQUE INDEX endpoints_ipv6 ON endpoints(network_id, ipv6_address) WHERE ipv6_address <> '';
CREATE INDEX endpoints_egress ON endpoints(container_id) WHERE egress <> '';

CREATE TABLE ports(
  protocol TEXT NOT NULL,
  host_port INTEGER NOT NULL,
  host_ip TEXT NOT NULL,
  container_id TEXT NOT NULL,
  container_ip TEXT NOT NULL,
  container_port INTEGER NOT NULL,
  PRIMARY KEY(protocol, host_port, host_ip)) WITHOUT ROWID;
CREATE INDEX ports_container ON ports(container_id);

CREATE TABLE volumes(
  name TEXT PRIMARY KEY,
  created INTEGER NOT NULL,
  anonymous INTEGER NOT NULL,
  options TEXT NOT NULL,
  labels TEXT,
  owner TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE volume_users(
  volume TEXT NOT NULL REFERENCES volumes(name),
  container_id TEXT NOT NULL,
  PRIMARY KEY(volume, container_id)) WITHOUT ROWID;
CREATE INDEX volume_users_container ON volume_users(container_id);

CREATE TABLE secrets(
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  labels TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE host_settings(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL) WITHOUT ROWID;
)sql";

const char kFromVersion2[] = R"sql(
ALTER TABLE networks ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE networks ADD COLUMN ipv6_subnet TEXT NOT NULL DEFAULT '';
ALTER TABLE networks ADD COLUMN ipv6_gateway TEXT NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN names TEXT NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN ipv6_address TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX endpoints_ipv6 ON endpoints(network_id, ipv6_address) WHERE ipv6_address <> '';
UPDATE containers SET definition = json_set(definition, '$.Networks', json('[{"Network":"bridge"}]'))
  WHERE coalesce(json_extract(definition, '$.HostConfig.NetworkMode'), 'default') IN ('default', 'bridge');
UPDATE containers SET state = json_set(state, '$.endpoints',
  CASE WHEN coalesce(json_extract(state, '$.endpoint.address'), '') = '' THEN json('[]')
  ELSE json_array(json_set(json_extract(state, '$.endpoint'), '$.networkId', json_extract(state, '$.networkId'),
                           '$.networkName', json_extract(state, '$.networkName'), '$.interface', 'eth0')) END);
)sql";

const char kFromVersion3[] = R"sql(
ALTER TABLE endpoints ADD COLUMN egress TEXT NOT NULL DEFAULT '';
CREATE INDEX endpoints_egress ON endpoints(container_id) WHERE egress <> '';
)sql";

}  // namespace minidock::storage
