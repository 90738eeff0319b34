// Types of the language model that are part of the engine's interface, so that a front end
// imports the engine alone.
@_exported import enum LanguageModel.FinishReason
@_exported import struct LanguageModel.GenerationTimings
@_exported import enum LanguageModel.KernelChoice
@_exported import struct LanguageModel.ModelInfo
@_exported import struct LanguageModel.ModelOptions
@_exported import struct LanguageModel.SamplingOptions
@_exported import typealias LanguageModel.TokenID
