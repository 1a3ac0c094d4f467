/// What a connection is made with: who it is for, and what secures it.
struct RedisAccess {
  var credentials: RedisCredentials?
  var tls: TLSContext?
}

extension RedisLocation {
  /// For Redis.
  var access: RedisAccess { RedisAccess(credentials: credentials, tls: tls) }

  /// For Sentinels.
  var sentinelAccess: RedisAccess { RedisAccess(credentials: sentinelCredentials, tls: tls) }
}
