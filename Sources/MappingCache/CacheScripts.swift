/// What runs inside Redis, where nothing else runs meanwhile.
enum CacheScripts {
  /// Writes an entry unless the writer's epoch has passed or the entry is as new.
  ///
  /// Keys: the entry, the epoch. Arguments: the writer's epoch, revision, time to live in ms, tenant, status,
  /// document, and the customer unless the service is anonymous.
  /// Answers 1 (written), 0 (the entry has this or a newer revision), or, when the epochs differ, a string: the
  /// epoch in Redis, empty if there is none.
  static let write: StaticString = """
    local current = redis.pcall('GET', KEYS[2])
    if current ~= ARGV[1] then
      return type(current) == 'string' and current or ''
    end
    local old = redis.pcall('HMGET', KEYS[1], 'epoch', 'revision')
    if old.err then
      redis.call('DEL', KEYS[1])
    elseif old[1] == ARGV[1] and (tonumber(old[2]) or 0) >= tonumber(ARGV[2]) then
      return 0
    end
    if ARGV[7] then
      redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'revision', ARGV[2], 'tenant', ARGV[4], 'status', ARGV[5],
        'document', ARGV[6], 'customer', ARGV[7])
    else
      redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'revision', ARGV[2], 'tenant', ARGV[4], 'status', ARGV[5],
        'document', ARGV[6])
      redis.call('HDEL', KEYS[1], 'customer')
    end
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 1
    """

  /// Takes over the epoch in Redis if the node may (`adopt`, and it is not below the one the node knows), else
  /// raises it above both and, so that it never meets entries of a restored backup, above the time of day.
  ///
  /// Key: the epoch. Arguments: the epoch the node knows, ms since 1970, `adopt` or `raise`. Answers the epoch.
  static let renewEpoch: StaticString = """
    local current = redis.pcall('GET', KEYS[1])
    current = type(current) == 'string' and tonumber(current) or 0
    local known = tonumber(ARGV[1])
    if ARGV[3] == 'adopt' and known > 0 and current >= known then
      return string.format('%.0f', current)
    end
    local raised = string.format('%.0f', math.max(current + 1, known + 1, tonumber(ARGV[2])))
    redis.call('SET', KEYS[1], raised)
    return raised
    """
}
