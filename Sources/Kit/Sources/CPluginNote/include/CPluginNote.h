/* Nothing to call: linking this target puts the note into a plugin. */
#pragma once
