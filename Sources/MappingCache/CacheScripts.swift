/// What runs inside Redis, where nothing else runs meanwhile.
enum CacheScripts {
  /// Writes entries, each unless it is as new. Nothing if the writer's epoch has passed.
  ///
  /// Keys: the epoch, then the entries. Arguments: the writer's epoch, the time to live in ms, then runs of entries
  /// that share tenant and status: how many they are, tenant, status, and for each entry revision, document and
  /// customer, which is empty while the service is anonymous.
  /// Answers the places (1 is the first) of the entries that have the same or a newer revision; or, when the epochs
  /// differ, a string: the epoch in Redis, empty if there is none.
  ///
  /// Within an epoch a service keeps its tenant until it is deleted: what stands there already is not written again.
  static let write: StaticString = """
    local call, pcall, epoch, life = redis.call, redis.pcall, ARGV[1], ARGV[2]
    local current = pcall('GET', KEYS[1])
    if current ~= epoch then
      return type(current) == 'string' and current or ''
    end
    local refused = {}
    local place, at, count = 0, 3, #KEYS - 1
    while place < count do
      local last, tenant, status = place + tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2]
      at = at + 3
      for next = place + 1, last do
        local key, revision, document, customer = KEYS[next + 1], ARGV[at], ARGV[at + 1], ARGV[at + 2]
        at = at + 3
        local old = pcall('HMGET', key, 'epoch', 'revision')
        if old.err then
          call('DEL', key)
        end
        local isKnown = old[1] == epoch
        if isKnown and (tonumber(old[2]) or 0) >= tonumber(revision) then
          refused[#refused + 1] = next
        else
          if customer == '' then
            call('HSET', key, 'epoch', epoch, 'revision', revision, 'tenant', tenant, 'status', status,
              'document', document)
            call('HDEL', key, 'customer')
          elseif isKnown then
            call('HSET', key, 'revision', revision, 'status', status, 'document', document,
              'customer', customer)
          else
            call('HSET', key, 'epoch', epoch, 'revision', revision, 'tenant', tenant, 'status', status,
              'document', document, 'customer', customer)
          end
          call('PEXPIRE', key, life)
        end
      end
      place = last
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
