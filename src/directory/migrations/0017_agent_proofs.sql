-- By what agents prove themselves beside their keys, so that a proof finds its agent: workloads of an issuer (kind "oidc")
-- and client certificates (kind "certificate": prefix and subject are the thumbprint, issuer and audience are empty).
-- The agent's object is the authority: a row leads to it and opens nothing by itself.
CREATE TABLE agent_proof (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  agent_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  issuer TEXT NOT NULL,
  audience TEXT NOT NULL,
  prefix TEXT NOT NULL,
  subject TEXT NOT NULL,
  claimed_at_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX agent_proof_once ON agent_proof (kind, issuer, audience, prefix, subject);
CREATE INDEX agent_proof_of ON agent_proof (agent_id);

UPDATE meta SET value = value + 1 WHERE key = 'schema_version';
