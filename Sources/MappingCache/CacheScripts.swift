/// What runs inside Redis, where nothing else runs meanwhile.
enum CacheScripts {
  /// Writes entries, each unless it is as new. Nothing if the writer's epoch has passed.
  ///
  /// Keys: the epoch, then the entries. Arguments: the writer's epoch, the time to live in ms, then for each entry
  /// revision, tenant, status, document and customer, which is empty while the service is anonymous.
  /// Answers the places (1 is the first) of the entries that have the same or a newer revision; or, when the epochs
  /// differ, a string: the epoch in Redis, empty if there is none.
  static let write: StaticString = """
    local epoch, life = ARGV[1], ARGV[2]
    local current = redis.pcall('GET', KEYS[1])
    if current ~= epoch then
      return type(current) == 'string' and current or ''
    end
    local refused = {}
    local at = 3
    for place = 1, #KEYS - 1 do
      local key = KEYS[place + 1]
      local old = redis.pcall('HMGET', key, 'epoch', 'revision')
      if old.err then
        redis.call('DEL', key)
      end
      if old[1] == epoch and (tonumber(old[2]) or 0) >= tonumber(ARGV[at]) then
        refused[#refused + 1] = place
      else
        if ARGV[at + 4] ~= '' then
          redis.call('HSET', key, 'epoch', epoch, 'revision', ARGV[at], 'tenant', ARGV[at + 1],
            'status', ARGV[at + 2], 'document', ARGV[at + 3], 'customer', ARGV[at + 4])
        else
          redis.call('HSET', key, 'epoch', epoch, 'revision', ARGV[at], 'tenant', ARGV[at + 1],
            'status', ARGV[at + 2], 'document', ARGV[at + 3])
          redis.call('HDEL', key, 'customer')
        end
        redis.call('PEXPIRE', key, life)
      end
      at = at + 5
    end
    return refused
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
